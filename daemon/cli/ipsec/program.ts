import { value } from '../../config/tree.ts';
import type { OperatorFiles } from '../../contracts/operator-files.ts';
import type { Terminal } from '../../contracts/terminal.ts';
import { ConfigError, errorText } from '../../util/error.ts';
import type { CommandWorld } from '../swanctl/command.ts';
import { convertConf } from './conn-sections.ts';
import { down, downSourceIp, purgeIke, route, unroute, up } from './control-commands.ts';
import { readIpsecConf } from './ipsec-conf.ts';
import { isListCommand, list } from './list-commands.ts';
import { CERTIFICATE_FOLDERS, IpsecLoader, type IpsecPlaces } from './load.ts';
import { migrate } from './migrate.ts';
import { IpsecSession } from './session.ts';
import { Lsb, type PidFiles, Starter, type StarterSystem } from './starter.ts';
import { parseStarterOptions, type StarterOptions } from './starter-options.ts';
import { leases, listCounters, resetCounters, status } from './status-commands.ts';
import { COPYRIGHT, USAGE } from './usage.ts';

/** What the program sees of the world. */
export interface IpsecWorld {
  readonly terminal: Terminal;
  readonly files: OperatorFiles;
  readonly places: IpsecPlaces;
  readonly pids: PidFiles;
  readonly folders: { readonly libexec: string; readonly conf: string; readonly pid: string };
  readonly version: string;
  readonly kernel: string;
  readonly starter: StarterSystem;
  /** Addresses of this host, for `statusall`. */
  readonly addresses: readonly string[];
  /** The process of a pid file; `undefined` if there is none that runs. */
  running(pidFile: string): number | undefined;
  signal(pid: number, name: 'SIGHUP' | 'SIGUSR1' | 'SIGTERM' | 'SIGKILL'): void;
  /** Starts this program again with `start --nofork` in the background. */
  fork(args: readonly string[]): void;
}

/** Exit code of whatever went wrong in talking to the daemon. */
const UNREACHABLE = 255;
const USAGE_ERROR = 2;
const STARTED_WITHIN = 20_000;
const STOPPED_WITHIN = 11_000;
const POLL = 100;

/** Runs one command line; resolves with the exit code. */
export async function runIpsec(words: readonly string[], world: IpsecWorld): Promise<number> {
  const [command = '--help', ...args] = words;
  const printed = constant(command, world);
  if (printed !== undefined) {
    world.terminal.out(printed);
    return Lsb.OK;
  }
  switch (command) {
    case 'start':
      return start(world, args);
    case 'restart':
      await stop(world);
      return start(world, args);
    case 'stop':
      return stop(world);
    case 'update':
      return tellStarter(world, 'SIGHUP', 'Updating strongSwan IPsec configuration...');
    case 'reload':
      return tellStarter(world, 'SIGUSR1', 'Reloading strongSwan IPsec configuration...');
    case 'migrate':
      return migration(world);
    default:
      return withDaemon(world, command, args);
  }
}

/** What needs neither files nor a daemon. */
function constant(command: string, world: IpsecWorld): string | undefined {
  const code = `U${world.version}/K${world.kernel}`;
  const texts: Readonly<Record<string, string>> = {
    '--help': USAGE,
    '--version': `Linux strongSwan ${code}\ncharon-ts\n`,
    version: `Linux strongSwan ${code}\ncharon-ts\n`,
    '--versioncode': `${code}\n`,
    '--copyright': COPYRIGHT,
    '--directory': `${world.folders.libexec}\n`,
    '--confdir': `${world.folders.conf}\n`,
    '--piddir': `${world.folders.pid}\n`,
  };
  return Object.hasOwn(texts, command) ? texts[command] : undefined;
}

async function start(world: IpsecWorld, args: readonly string[]): Promise<number> {
  const options = parseStarterOptions(args);
  if (typeof options === 'string') {
    world.terminal.error(`${options}\n`);
    return Lsb.BAD_ARGUMENT;
  }
  const places = { ...world.places, conf: options.conf ?? world.places.conf };
  const problem = faultIn(world, places);
  if (options.conftest) {
    if (problem !== undefined) world.terminal.error(`${problem}\n`);
    return problem === undefined ? Lsb.OK : Lsb.FAILURE;
  }
  if (world.running(world.pids.starter) !== undefined) {
    world.terminal.error(
      `starter is already running (${world.pids.starter} exists) -- no fork done\n`,
    );
    return Lsb.OK;
  }
  if (problem !== undefined) {
    world.terminal.error(`${problem}\nunable to start strongSwan -- fatal errors in config\n`);
    return Lsb.FAILURE;
  }
  world.terminal.error(`Starting strongSwan ${world.version} IPsec [starter]...\n`);
  return options.nofork ? keep(world, places, options) : background(world, args);
}

/** Everything that can be wrong with ipsec.conf, before anything is started. */
function faultIn(world: IpsecWorld, places: IpsecPlaces): string | undefined {
  try {
    convertConf(readIpsecConf(places.conf, world.files), places.host);
    return undefined;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message;
  }
}

function keep(world: IpsecWorld, places: IpsecPlaces, options: StarterOptions): Promise<number> {
  const { starter, terminal, pids } = world;
  return new Starter(starter, world.files, terminal, places, pids, options).run();
}

async function background(world: IpsecWorld, args: readonly string[]): Promise<number> {
  world.fork(['start', '--nofork', ...args]);
  for (let waited = 0; waited < STARTED_WITHIN; waited += POLL) {
    if (world.running(world.pids.starter) !== undefined) return Lsb.OK;
    await world.starter.sleep(POLL);
  }
  world.terminal.error('strongSwan did not start: the log of charon says why\n');
  return Lsb.FAILURE;
}

async function stop(world: IpsecWorld): Promise<number> {
  const pid = world.running(world.pids.starter) ?? world.running(world.pids.daemon);
  if (pid === undefined) {
    world.terminal.error('Stopping strongSwan IPsec failed: starter is not running\n');
    return Lsb.OK;
  }
  world.terminal.error('Stopping strongSwan IPsec...\n');
  world.signal(pid, 'SIGTERM');
  for (let waited = 0; waited < STOPPED_WITHIN; waited += POLL) {
    if (isGone(world)) return Lsb.OK;
    await world.starter.sleep(POLL);
  }
  for (const file of [world.pids.starter, world.pids.daemon]) {
    const left = world.running(file);
    if (left !== undefined) world.signal(left, 'SIGKILL');
    world.starter.removePid(file);
  }
  return Lsb.OK;
}

function isGone({ running, pids }: IpsecWorld): boolean {
  return running(pids.starter) === undefined && running(pids.daemon) === undefined;
}

function tellStarter(world: IpsecWorld, signal: 'SIGHUP' | 'SIGUSR1', sentence: string): number {
  const pid = world.running(world.pids.starter);
  if (pid === undefined) return Lsb.NOT_RUNNING;
  world.terminal.error(`${sentence}\n`);
  world.signal(pid, signal);
  return Lsb.OK;
}

function migration(world: IpsecWorld): number {
  try {
    const { text, problems } = migrate(world.places, world.files);
    world.terminal.out(text);
    for (const problem of problems) world.terminal.error(`${problem}\n`);
    return Lsb.OK;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    world.terminal.error(`${error.message}\n`);
    return Lsb.FAILURE;
  }
}

type DaemonCommand = (
  session: IpsecSession,
  args: readonly string[],
  cx: DaemonContext,
) => Promise<void>;

interface DaemonContext {
  readonly world: IpsecWorld;
  readonly command: CommandWorld;
}

/** What commands need: how many arguments at most, and what the usage says of them. */
const ARGUMENTS: ReadonlyMap<string, { readonly most: number; readonly text: string }> = new Map([
  ...['up', 'down', 'route', 'unroute'].map(
    (word) => [word, { most: 1, text: '<connection name>' }] as const,
  ),
  ['down-srcip', { most: 2, text: '<start> [<end>]' }],
]);

async function withDaemon(
  world: IpsecWorld,
  word: string,
  args: readonly string[],
): Promise<number> {
  const run = daemonCommand(word);
  if (run === undefined) {
    world.terminal.error(
      word.startsWith('-')
        ? `ipsec: unknown option \`${word}' (perhaps command name was omitted?)\n`
        : `ipsec: unknown command \`${word}' (\`ipsec --help' for list)\n`,
    );
    return USAGE_ERROR;
  }
  const needed = ARGUMENTS.get(word);
  if (needed !== undefined && (args.length === 0 || args.length > needed.most)) {
    world.terminal.out(`Usage: ipsec ${word} ${needed.text}\n`);
    return USAGE_ERROR;
  }
  const command = await world.starter.connect();
  if (command === undefined) return unreachable(world, word);
  await using _ = command.vici;
  try {
    await run(new IpsecSession(command.vici, world.terminal), args, { world, command });
    return Lsb.OK;
  } catch (error) {
    world.terminal.error(`ipsec ${word}: ${errorText(error)}\n`);
    return UNREACHABLE;
  }
}

function unreachable(world: IpsecWorld, word: string): number {
  if (word === 'status' || word === 'statusall') {
    if (world.running(world.pids.starter) !== undefined) return Lsb.OK;
    return world.files.exists(world.pids.starter) ? 1 : 3;
  }
  return world.running(world.pids.daemon) === undefined ? Lsb.NOT_RUNNING : UNREACHABLE;
}

function daemonCommand(word: string): DaemonCommand | undefined {
  if (isListCommand(word)) {
    return (session, args, { command }) => list(session, word, args.includes('--utc'), command);
  }
  return Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
}

const purge =
  (type: string): DaemonCommand =>
  async (session) => {
    await session.call('flush-certs', [value('type', type)]);
  };

const reread =
  (...folders: readonly string[]): DaemonCommand =>
  (_, __, cx) =>
    new IpsecLoader(quiet(cx.command), cx.world.places).certificates(folders);

const rereadSecrets: DaemonCommand = (_, __, cx) =>
  new IpsecLoader(quiet(cx.command), cx.world.places).secrets();

/** Says problems only: what was loaded is in the daemon's log. */
function quiet(command: CommandWorld): CommandWorld {
  const { terminal } = command;
  const silent: Terminal = {
    out: () => undefined,
    error: (text) => terminal.error(text),
    askSecret: (question) => terminal.askSecret(question),
    interrupted: terminal.interrupted,
    size: undefined,
  };
  return { ...command, terminal: silent };
}

const COMMANDS: Readonly<Record<string, DaemonCommand>> = {
  up: (session, [name = '']) => up(session, name),
  down: (session, [name = '']) => down(session, name),
  'down-srcip': (session, [first = '', last = first]) => downSourceIp(session, first, last),
  route: (session, [name = '']) => route(session, name),
  unroute: (session, [name = '']) => unroute(session, name),
  status: (session, [name], { world }) => status(session, false, name, world.addresses),
  statusall: (session, [name], { world }) => status(session, true, name, world.addresses),
  leases: (session, [pool, address]) => leases(session, pool, address),
  listcounters: (session, [name]) => listCounters(session, name),
  resetcounters: (session, [name]) => resetCounters(session, name),
  purgecerts: purge('X509'),
  purgecrls: purge('X509_CRL'),
  purgeocsp: purge('OCSP_RESPONSE'),
  purgeike: (session) => purgeIke(session),
  secrets: rereadSecrets,
  rereadsecrets: rereadSecrets,
  rereadcacerts: reread('cacerts'),
  rereadaacerts: reread('aacerts'),
  rereadocspcerts: reread('ocspcerts'),
  rereadacerts: reread('acerts'),
  rereadcrls: reread('crls'),
  rereadall: async (session, args, cx) => {
    await rereadSecrets(session, args, cx);
    await reread(...CERTIFICATE_FOLDERS.map(([folder]) => folder))(session, args, cx);
  },
};
