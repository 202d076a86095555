import { type ChildProcess, spawn } from 'node:child_process';
import type { CommandEnd, CommandRequest, Processes } from '../contracts/processes.ts';
import { systemReason } from './system-reason.ts';

/** Milliseconds between asking a command that took too long to end and killing it. */
const GRACE = 1000;
/** Milliseconds in which output of an ended command may still arrive. */
const DRAIN = 200;

/** Commands of this machine, each in a process group of its own. */
export class NodeProcesses implements Processes {
  run(request: CommandRequest): Promise<CommandEnd> {
    return new Promise((resolve) => {
      let child: ChildProcess;
      try {
        child = start(request);
      } catch (error) {
        // Node refuses arguments that no process can have, a NUL for one.
        resolve({ kind: 'not-started', reason: systemReason(error) });
        return;
      }
      let timedOut = false;
      const limit = setTimeout(() => {
        timedOut = true;
        signalGroup(child, 'SIGTERM');
        kill = setTimeout(() => signalGroup(child, 'SIGKILL'), GRACE);
      }, request.timeLimit);
      let kill: NodeJS.Timeout | undefined;
      let drain: NodeJS.Timeout | undefined;
      const finish = (end: CommandEnd): void => {
        clearTimeout(limit);
        clearTimeout(kill);
        clearTimeout(drain);
        // What it left running in the background may go on, but nobody listens to it any more.
        child.stdout?.destroy();
        child.stderr?.destroy();
        resolve(end);
      };
      child.on('error', (error) => finish({ kind: 'not-started', reason: systemReason(error) }));
      child.on('exit', (code, signal) => {
        if (timedOut) signalGroup(child, 'SIGKILL');
        const end: CommandEnd = timedOut
          ? { kind: 'timed-out' }
          : signal === null
            ? { kind: 'exited', code: code ?? 0 }
            : { kind: 'killed', signal };
        drain = setTimeout(() => finish(end), DRAIN);
        child.on('close', () => finish(end));
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on('data', (octets: Uint8Array) => request.onOutput(Uint8Array.from(octets)));
        stream?.on('error', () => undefined);
      }
    });
  }
}

function start({ command, environment }: CommandRequest): ChildProcess {
  const path = process.env['PATH'];
  return spawn('/bin/sh', ['-c', command], {
    cwd: '/',
    env: { ...(path === undefined ? {} : { PATH: path }), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended meanwhile.
  }
}
