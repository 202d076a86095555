import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { errorText } from '../../util/error.ts';
import { environment } from '../common/process.ts';
import { type PreflightFacts, type PreflightResult, preflight } from './preflight.ts';
import { filesOf, hintFor, RUN_FOLDER, strongswanConf, withoutFiles } from './settings.ts';
import { asUser, DAEMON_USER, idsOf, KEYS_USER } from './users.ts';

/**
 * First process of a container: judges what the container may do, starts the daemon as a user of its own, loads the configuration, passes
 * signals on, and ends as the daemon ended. It starts key processes as another user whenever the daemon asks for one.
 */

const SOCKET = '/run/charon.vici';
const KEYD_SOCKET = '/run/charon-ts-keyd.socket';
const STATE_FOLDER = '/var/lib/charon-ts';
const CONF = '/run/charon-ts.conf';
/** Processes that keep keys at once. */
const MOST_KEEPERS = 4;
const READY_LIMIT = 30_000;
const POLL = 50;
/** sysexits.h: EX_NOPERM. */
const REFUSED = 77;

const BUILT = !import.meta.url.endsWith('.ts');
const program = (built: string, source: string): string =>
  fileURLToPath(new URL(BUILT ? built : source, import.meta.url));
const DAEMON = program('./main.js', '../../main.ts');
const KEYD = program('./keyd.js', '../../keyd/keyd.ts');
const SWANCTL = program('./swanctl.js', '../swanctl/main.ts');
/** The bundle needs neither a compiler nor anything but its own folder. */
const KEYD_FLAGS = BUILT ? ['--jitless', '--permission', `--allow-fs-read=${dirname(KEYD)}/*`] : [];

/** Runs until the daemon ends; resolves with the exit code. `--check` stops after the preflight. */
export async function main(): Promise<number> {
  const found = preflight(facts());
  for (const text of found.warnings) say(`warning: ${text}`);
  for (const text of found.faults) say(text);
  if (found.faults.length > 0) return REFUSED;
  if (process.argv.includes('--check')) return 0;
  try {
    return await supervise(found);
  } catch (error) {
    say(errorText(error));
    return 1;
  }
}

async function supervise({ canDrop }: PreflightResult): Promise<number> {
  const variables = environment();
  for (const { path, content } of filesOf(variables)) write(path, content);
  const operators = variables.get('STRONGSWAN_CONF') ?? '/etc/strongswan.conf';
  writeFileSync(CONF, strongswanConf(operators), { mode: 0o644 });
  const owner = canDrop ? idsOf(readFileSync('/etc/passwd', 'utf8'), DAEMON_USER.name) : undefined;
  if (canDrop && owner === undefined) throw new Error(`there is no user ${DAEMON_USER.name}`);
  for (const [folder, mode] of [
    [RUN_FOLDER, 0o750],
    [STATE_FOLDER, 0o700],
  ] as const) {
    mkdirSync(folder, { recursive: true, mode });
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  }
  // Root may not look into folders of others here, but it is in the daemon's group.
  if (owner !== undefined) process.setgroups?.([0, owner.gid]);
  rmSync(SOCKET, { force: true });
  symlinkSync(`${RUN_FOLDER}/charon.vici`, SOCKET);
  const env = {
    ...withoutFiles(variables),
    STRONGSWAN_CONF: CONF,
    RUNTIME_DIRECTORY: RUN_FOLDER,
    STATE_DIRECTORY: STATE_FOLDER,
    ...(owner === undefined ? {} : { CHARON_KEYD_SOCKET: KEYD_SOCKET }),
  };
  if (owner !== undefined) await serveKeepers(owner);
  const daemon = start([process.execPath, DAEMON, ...process.argv.slice(2)], canDrop, env);
  const ended = exitOf(daemon);
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => daemon.kill('SIGTERM'));
  process.on('SIGHUP', () => {
    daemon.kill('SIGHUP');
    void load(env);
  });
  void ready(daemon).then((is) => (is ? load(env) : undefined));
  const code = await ended;
  const hint = hintFor(code);
  if (hint !== undefined) say(hint);
  return code;
}

function start(
  argv: readonly string[],
  canDrop: boolean,
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const [file = '', ...args] = canDrop ? asUser(DAEMON_USER, argv) : argv;
  return spawn(file, args, { stdio: ['ignore', 'inherit', 'inherit'], env });
}

/** What systemd does for a socket with `Accept=yes`: a process for each connection, which is its descriptor 3. */
async function serveKeepers(owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  rmSync(KEYD_SOCKET, { force: true });
  let keepers = 0;
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    if (keepers >= MOST_KEEPERS) {
      socket.destroy();
      return;
    }
    const flags = [...KEYD_FLAGS, '--no-addons', '--disable-proto=delete', '--disable-sigusr1'];
    const argv = [process.execPath, ...flags, '--no-warnings', KEYD];
    const [file = '', ...args] = asUser(KEYS_USER, argv);
    const keeper = spawn(file, args, {
      stdio: ['ignore', 'inherit', 'inherit', socket],
      env: { PATH: process.env['PATH'] },
      cwd: '/',
    });
    keepers++;
    keeper.on('error', (error) => say(`no process for private keys: ${errorText(error)}`));
    keeper.on('close', () => keepers--);
    socket.destroy();
  });
  const mask = process.umask(0o177);
  server.listen(KEYD_SOCKET);
  process.umask(mask);
  await once(server, 'listening');
  chownSync(KEYD_SOCKET, owner.uid, owner.gid);
  server.unref();
}

async function ready(daemon: ChildProcess): Promise<boolean> {
  for (let waited = 0; waited < READY_LIMIT && daemon.exitCode === null; waited += POLL) {
    if (await answers(`${RUN_FOLDER}/charon.vici`)) return true;
    await sleep(POLL);
  }
  return false;
}

// A file of that name may be left of a former run.
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on('error', () => resolve(false));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

// A mistake in one connection is said and leaves the others.
async function load(env: Readonly<Record<string, string>>): Promise<void> {
  const argv = [SWANCTL, '--load-all', '--noprompt'];
  const loader = spawn(process.execPath, argv, { stdio: ['ignore', 'inherit', 'inherit'], env });
  const code = await exitOf(loader);
  say(code === 0 ? 'configuration loaded' : `loading the configuration failed with ${code}`);
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

function facts(): PreflightFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  const conf = '/proc/sys/net/ipv4/conf';
  return {
    uid: process.getuid?.() ?? 0,
    capabilities: BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`),
    sysctl: (name) => readOptional(`/proc/sys/${name}`),
    interfaces: existsSync(conf) ? readdirSync(conf) : [],
    ports: [500, 4500],
  };
}

function readOptional(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function write(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: path.endsWith('/swanctl.conf') ? 0o600 : 0o644 });
}

function say(text: string): void {
  process.stderr.write(`container: ${text}\n`);
}
