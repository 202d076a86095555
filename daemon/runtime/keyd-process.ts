import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { KeydLink, KeydLinkEvents } from '../keyd/remote-keys.ts';
import { systemReason } from './system-reason.ts';

/** How to start the key process. */
export interface KeydProcessSetup {
  /** Its entry: source or bundle. */
  readonly entry: URL;
  /** Name, number or UID:GID of the user it becomes if this process is root; `nobody` if empty. */
  readonly user: string;
  /** Told what it says on stderr, a line at a time, and what could not be taken away from it. */
  readonly log: (sentence: string) => void;
}

/** A key process that was started. */
export interface KeyProcess extends KeydLink {
  /** Absent if it could not be started, which `ended` tells. */
  readonly pid: number | undefined;
}

/** Lines of stderr that are passed on. */
const MOST_LINES = 20;

/**
 * Starts a key process with as little as it needs: no environment, no arguments of ours, no core dumps, no privileges gained or kept, no files but its own code, no
 * children, no addons, no code from strings, no debugger. Throws an error that says why it cannot.
 */
export function startKeyd(setup: KeydProcessSetup, events: KeydLinkEvents): KeyProcess {
  const { user, log } = setup;
  const rights = ownRights();
  const entry = fileURLToPath(setup.entry);
  const node = [process.execPath, ...nodeFlags(entry), entry, userIds(user, rights)];
  const [file = process.execPath, ...args] = [...limits(rights, log), ...node];
  const child = spawn(file, args, {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let over = false;
  const ended = (how: string): void => {
    if (over) return;
    over = true;
    channel?.destroy();
    events.ended(how);
  };
  child.on('error', (error) => ended(`could not be started (${systemReason(error)})`));
  child.on('exit', (code, signal) =>
    ended(signal === null ? `ended with exit code ${code}` : `was killed by ${signal}`),
  );
  const channel = channelOf(child);
  // Without descriptors for it there is no process, which is told as an error of the child.
  if (channel === undefined) return { pid: undefined, send: wipe, close: nothing, kill: nothing };
  relayErrors(child, log);
  channel.on('data', (octets: Uint8Array) => events.received(Uint8Array.from(octets)));
  channel.on('error', () => undefined);
  return {
    pid: child.pid,
    send(octets) {
      // What is asked in one turn of the event loop goes together: each write wakes the process.
      if (channel.writableCorked === 0) {
        channel.cork();
        setImmediate(() => channel.uncork());
      }
      channel.write(octets, () => octets.fill(0));
    },
    close() {
      over = true;
      channel.end();
    },
    kill() {
      child.kill('SIGKILL');
    },
  };
}

function channelOf(child: ChildProcess): Socket | undefined {
  // Absent, whatever its type says, where the process could not have pipes.
  const stdio: ChildProcess['stdio'] | undefined = child.stdio;
  const channel = stdio?.[3];
  return channel instanceof Socket ? channel : undefined;
}

function wipe(octets: Uint8Array): void {
  octets.fill(0);
}

function nothing(): void {}

/** Where the entry is: beside the bundle, or in the sources, which may be compiled. `here` is the module that asks, at the top of its tree. */
export function keydEntry(here: string): URL {
  const compiled = here.endsWith('.ts') ? 'keyd.ts' : 'keyd.js';
  const bundled = new URL(`./${compiled}`, here);
  return existsSync(bundled) ? bundled : new URL(`./keyd/${compiled}`, here);
}

// Node's permission model is a seat belt: what really holds is that the process has no rights.
function nodeFlags(entry: string): readonly string[] {
  const sources = dirname(dirname(entry));
  return [
    '--permission',
    `--allow-fs-read=${sources}/*`,
    // read to learn that sources are modules
    `--allow-fs-read=${dirname(sources)}/package.json`,
    `--allow-fs-read=${dirname(dirname(sources))}/package.json`,
    '--no-addons',
    '--disable-proto=delete',
    '--disallow-code-generation-from-strings',
    '--disable-sigusr1',
    '--no-warnings',
    '--max-semi-space-size=1',
    '--max-old-space-size=64',
  ];
}

// By tools of util-linux, because Node can limit neither itself nor its children.
function limits(rights: Rights, log: (sentence: string) => void): readonly string[] {
  const prlimit = findTool('prlimit');
  const setpriv = findTool('setpriv');
  if (prlimit === undefined || setpriv === undefined)
    log(
      'the key process may gain privileges and dump core: util-linux (prlimit, setpriv) is missing',
    );
  return [
    ...(prlimit === undefined ? [] : [prlimit, '--core=0:0', '--']),
    ...(setpriv === undefined ? [] : [setpriv, ...reductions(rights), '--']),
  ];
}

// What root needs to read the code and to become another user, which takes these away as well.
const UNTIL_DROPPED = '-all,+setuid,+setgid,+dac_read_search';

function reductions({ root, canLimit }: Rights): readonly string[] {
  return [
    '--no-new-privs',
    '--inh-caps=-all',
    '--ambient-caps=-all',
    ...(root && canLimit ? [`--bounding-set=${UNTIL_DROPPED}`] : []),
  ];
}

interface Rights {
  readonly root: boolean;
  /** CAP_SETUID and CAP_SETGID. */
  readonly canBecome: boolean;
  /** CAP_SETPCAP. */
  readonly canLimit: boolean;
}

function ownRights(): Rights {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const has = (bit: bigint): boolean => ((effective >> bit) & 1n) === 1n;
  const root = process.getuid?.() === 0;
  return { root, canBecome: root && has(6n) && has(7n), canLimit: has(8n) };
}

function findTool(name: string): string | undefined {
  return [`/usr/bin/${name}`, `/bin/${name}`, `/usr/sbin/${name}`].find((path) => existsSync(path));
}

/** The user nobody, where there is no table of users. */
const OVERFLOW_IDS = '65534:65534';

/** UID:GID to become, empty for none. */
function userIds(user: string, { root, canBecome }: Rights): string {
  if (!root || (user === '' && !canBecome)) return '';
  if (/^\d{1,10}(?::\d{1,10})?$/.test(user)) return user.includes(':') ? user : `${user}:${user}`;
  const wanted = user === '' ? 'nobody' : user;
  const table = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8') : '';
  for (const line of table.split('\n')) {
    const [name, , uid, gid] = line.split(':');
    if (name === wanted && uid && gid) return `${uid}:${gid}`;
  }
  if (user === '') return OVERFLOW_IDS;
  throw new Error(`charon.keyd.user names '${user}', and there is no such user`);
}

function relayErrors({ stderr }: ChildProcess, log: (sentence: string) => void): void {
  let lines = 0;
  stderr?.on('data', (octets: Uint8Array) => {
    for (const line of new TextDecoder('latin1').decode(octets).split('\n')) {
      if (line.trim() === '' || lines >= MOST_LINES) continue;
      lines++;
      log(`the key process says: ${line.slice(0, 200).replace(/[^ -~]/g, '?')}`);
    }
  });
  stderr?.on('error', () => undefined);
  if (stderr instanceof Socket) stderr.unref();
}
