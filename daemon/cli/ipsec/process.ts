import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { networkInterfaces, release } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Terminal } from '../../contracts/terminal.ts';
import { NodeFiles } from '../../runtime/node-files.ts';
import { NodeStreams } from '../../runtime/node-stream.ts';
import { NodeTerminal } from '../../runtime/node-terminal.ts';
import { errorText } from '../../util/error.ts';
import { ViciChannel } from '../../vici/channel.ts';
import { environment, loadCrypto, loadDecoders, packageVersion } from '../common/process.ts';
import { chooseSocket } from '../swanctl/socket-uri.ts';
import type { IpsecLoaderWorld } from './faults.ts';
import { runIpsec } from './program.ts';
import { ipsecSettings } from './settings.ts';
import type { StartedProcess, StarterSystem, Unreachable } from './starter.ts';
import type { IpsecWorld } from './world.ts';

/** The version of ipsec whose interface this program has. */
const COMPATIBLE = '6.1.0';
const BUILT = !import.meta.url.endsWith('.ts');
const DAEMON = fileURLToPath(new URL(BUILT ? './main.js' : '../../main.ts', import.meta.url));

/** Runs the program with the arguments of this process, or these; resolves with the exit code. */
export function main(
  words: readonly string[] = process.argv.slice(2),
  terminal: Terminal = new NodeTerminal(),
): Promise<number> {
  const variables = environment();
  const files = new NodeFiles();
  const confFolder = variables.get('IPSEC_CONFDIR') ?? '/etc';
  const pidFolder = variables.get('IPSEC_PIDDIR') ?? '/var/run';
  const libexec =
    variables.get('IPSEC_DIR') ?? fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '');
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const settings = ipsecSettings(files, variables);
  const own = new Set(addresses.map(({ address }) => address));
  const connect = async (): Promise<IpsecLoaderWorld | Unreachable> => {
    const socket = chooseSocket(undefined, { files, environment: variables });
    if (!socket.ok) return { unreachable: socket.reason };
    try {
      const vici = await ViciChannel.connect(new NodeStreams(), socket.path);
      const version = packageVersion();
      const world = { vici, terminal, files, version, now: Date.now };
      return { ...world, decoders: loadDecoders, crypto: loadCrypto, environment: variables };
    } catch (error) {
      const reason = errorText(error);
      const { guessed } = socket;
      return { unreachable: guessed === undefined ? reason : `${guessed}\n${reason}` };
    }
  };
  const world: IpsecWorld = {
    terminal,
    files,
    places: {
      conf: settings.conf ?? `${confFolder}/ipsec.conf`,
      secrets: settings.secrets ?? `${confFolder}/ipsec.secrets`,
      host: {
        folder: `${confFolder}/ipsec.d`,
        isOwnAddress: (address) => settings.allowSwap && own.has(address),
      },
    },
    timeout: settings.timeout,
    pids: { starter: `${pidFolder}/starter.charon.pid`, daemon: `${pidFolder}/charon.pid` },
    folders: {
      libexec,
      bin: variables.get('IPSEC_BINDIR') ?? '/usr/bin',
      sbin: variables.get('IPSEC_SBINDIR') ?? '/usr/sbin',
      conf: confFolder,
      pid: pidFolder,
    },
    variables,
    script: process.argv[1] ?? '',
    version: COMPATIBLE,
    kernel: release(),
    addresses: addresses
      .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
      .map(({ address }) => address),
    starter: system(connect),
    crypto: loadCrypto,
    now: Date.now,
    running,
    signal: (pid, name) => void process.kill(pid, name),
    fork: (args) => {
      const child = spawn(process.execPath, [process.argv[1] ?? '', ...args], {
        detached: true,
        stdio: 'ignore',
      });
      child.unref();
      return { ended: endOf(child) };
    },
    utility: (word) => {
      const file = `${libexec}/${word}`;
      return isExecutable(file) ? file : undefined;
    },
    run: async (file, args, more) => {
      const child = spawn(file, args, { stdio: 'inherit', env: { ...process.env, ...more } });
      await endOf(child);
      return child.exitCode ?? 255;
    },
  };
  return runIpsec(words, world);
}

function system(connect: StarterSystem['connect']): StarterSystem {
  return {
    pid: process.pid,
    startDaemon,
    writePid: (file, pid) => writeFileSync(file, `${pid}\n`),
    removePid: (file) => rmSync(file, { force: true }),
    sleep: async (milliseconds) => void (await sleep(milliseconds)),
    connect,
    signals,
  };
}

function startDaemon(args: readonly string[]): StartedProcess {
  const child = spawn(process.execPath, [DAEMON, ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    pid: child.pid ?? 0,
    ended: endOf(child),
    signal: (name) => void child.kill(name),
  };
}

function endOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
}

/** A file that may be run; source files of ours are not. */
function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

async function* signals(every?: number): AsyncIterable<'SIGHUP' | 'SIGUSR1' | 'SIGTERM'> {
  const waiting: ('SIGHUP' | 'SIGUSR1' | 'SIGTERM')[] = [];
  let wake = (): void => undefined;
  for (const name of ['SIGHUP', 'SIGUSR1', 'SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      waiting.push(name === 'SIGINT' ? 'SIGTERM' : name);
      wake();
    });
  }
  if (every !== undefined && every > 0)
    setInterval(() => process.emit('SIGHUP'), every * 1000).unref();
  for (;;) {
    const next = waiting.shift();
    if (next !== undefined) yield next;
    else
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  }
}

function running(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    if (!(pid > 0)) return undefined;
    try {
      process.kill(pid, 0);
    } catch (error) {
      // it runs, as somebody else
      if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined;
    }
    return pid;
  } catch {
    return undefined;
  }
}
