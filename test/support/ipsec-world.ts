import type { IpsecWorld } from '../../daemon/cli/ipsec/world.ts';
import { decodeTools } from './decode-tools.ts';
import { MemoryTerminal } from './memory-terminal.ts';
import { OperatorMemoryFiles } from './operator-memory-files.ts';
import {
  type RecordedReply,
  type RecordedRequest,
  recordingVici,
  treeObject,
} from './recording-vici.ts';
import { testCrypto } from './vici.ts';

/** How the world of a test is. */
export interface WorldWishes {
  readonly files?: Readonly<Record<string, string>>;
  /** Processes by pid file. */
  readonly running?: Readonly<Record<string, number>>;
  /** What the daemon says; without it there is no daemon. */
  readonly reply?: ((request: RecordedRequest) => RecordedReply | undefined) | undefined;
  readonly timeout?: number;
  readonly variables?: Readonly<Record<string, string>>;
  readonly utilities?: Readonly<Record<string, number>>;
  /** What happens to the process started in the background. */
  readonly forked?: 'starts' | 'ends';
}

/** A world for `runIpsec`, and what was done in it, one line each. */
export async function ipsecWorld(wishes: WorldWishes = {}): Promise<{
  readonly world: IpsecWorld;
  readonly terminal: MemoryTerminal;
  readonly done: string[];
}> {
  const { files: texts = {}, reply, utilities = {}, forked = 'starts' } = wishes;
  const terminal = new MemoryTerminal();
  const done: string[] = [];
  const running = new Map(Object.entries(wishes.running ?? {}));
  const pids = { starter: '/run/starter.charon.pid', daemon: '/run/charon.pid' };
  const files = new OperatorMemoryFiles({ '/etc/ipsec.conf': '', ...texts });
  const { vici } = await recordingVici((request) => {
    const { data: _, ...input } = treeObject(request.input);
    const plain = JSON.stringify(input);
    done.push(`${request.command}${plain === '{}' ? '' : ` ${plain}`}`);
    return reply?.(request);
  });
  const command = {
    vici,
    terminal,
    files,
    decoders: () => Promise.resolve(decodeTools),
    environment: new Map<string, string>(),
    version: '0',
    now: () => 0,
  };
  const world: IpsecWorld = {
    terminal,
    files,
    places: {
      conf: '/etc/ipsec.conf',
      secrets: '/etc/ipsec.secrets',
      host: { folder: '/etc/ipsec.d', isOwnAddress: () => false },
    },
    pids,
    folders: {
      libexec: '/usr/lib/ipsec',
      bin: '/usr/bin',
      sbin: '/usr/sbin',
      conf: '/etc',
      pid: '/run',
    },
    timeout: wishes.timeout ?? 0,
    variables: new Map(Object.entries(wishes.variables ?? {})),
    script: '/usr/sbin/ipsec',
    version: '6.1.0',
    kernel: '6.12',
    addresses: ['192.0.2.1'],
    crypto: () => Promise.resolve(testCrypto),
    now: () => 0,
    starter: {
      pid: 1,
      startDaemon: () => {
        throw new Error('no daemon is started in the foreground here');
      },
      writePid: (file, pid) => void running.set(file, pid),
      removePid: (file) => {
        running.delete(file);
        done.push(`rm ${file}`);
      },
      sleep: () => Promise.resolve(),
      connect: () =>
        Promise.resolve(reply === undefined ? { unreachable: 'nobody is there' } : command),
      signals: () => {
        throw new Error('no starter runs here');
      },
    },
    running: (file) => running.get(file),
    signal: (pid, name) => {
      done.push(`kill ${name} ${pid}`);
      if (name === 'SIGTERM') running.clear();
    },
    fork: (args) => {
      done.push(`fork ${args.join(' ')}`);
      if (forked === 'ends') return { ended: Promise.resolve() };
      running.set(pids.starter, 7);
      return { ended: new Promise(() => undefined) };
    },
    utility: (word) => (Object.hasOwn(utilities, word) ? `/usr/lib/ipsec/${word}` : undefined),
    run: (file, args, environment) => {
      const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
      done.push([...variables, file, ...args].join(' '));
      return Promise.resolve(utilities[file.split('/').at(-1) ?? ''] ?? 0);
    },
  };
  return { world, terminal, done };
}
