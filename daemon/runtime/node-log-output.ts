import { closeSync, constants, existsSync, fstatSync, openSync } from 'node:fs';
import type { LocalDatagrams } from '../contracts/local-datagram.ts';
import type {
  LogDatagrams,
  LogFileOptions,
  LogOutput,
  LogOutputs,
  LostLines,
} from '../contracts/log-output.ts';
import { DatagramQueue } from './datagram-queue.ts';
import { DescriptorOutput } from './descriptor-output.ts';
import { systemReason } from './system-reason.ts';

/** Owner reads and writes, group reads. */
const MODE = 0o640;

// Never waits, neither for the reader of a pipe nor when one is opened.
const { O_APPEND, O_CREAT, O_NOCTTY, O_NONBLOCK, O_TRUNC, O_WRONLY } = constants;
const WRITE = O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK | O_NOCTTY;

/**
 * Log files, standard streams and local services, written so that a full disk or stalled reader delays nothing.
 */
export class NodeLogOutputs implements LogOutputs {
  readonly #open = new Set<DescriptorOutput | DatagramQueue>();
  /** What reaches local services, once it is loaded. */
  localDatagrams: LocalDatagrams | undefined;
  #errors: LogOutput | undefined;

  constructor() {
    process.on('exit', () => {
      for (const output of this.#open) output.flushNow();
    });
  }

  file(path: string, options: LogFileOptions, lostLines: LostLines): LogOutput {
    try {
      const descriptor = openSync(path, WRITE | (options.append ? 0 : O_TRUNC), MODE);
      return this.#track({ descriptor, flushLine: options.flushLine, lostLines }, true, path);
    } catch (error) {
      throw new Error(systemReason(error), { cause: error });
    }
  }

  standard(stream: 'stdout' | 'stderr', lostLines: LostLines): LogOutput {
    const shared = stream === 'stdout' ? 1 : 2;
    const own = openPipe(shared);
    const settings = { descriptor: own ?? shared, flushLine: true, lostLines };
    return this.#track(settings, own !== undefined, stream);
  }

  datagrams(path: string, notice: (lost: number) => Uint8Array): LogDatagrams {
    if (this.localDatagrams === undefined) throw new Error('no datagrams can be sent');
    if (!existsSync(path)) throw new Error('nobody listens there');
    const queue = new DatagramQueue(this.localDatagrams.to(path), notice, () =>
      this.#open.delete(queue),
    );
    this.#open.add(queue);
    return queue;
  }

  #track(
    settings: { descriptor: number; flushLine: boolean; lostLines: LostLines },
    own: boolean,
    name: string,
  ): LogOutput {
    const output = new DescriptorOutput({
      ...settings,
      failed: (reason) => this.#complain(name, reason),
      closed: () => {
        this.#open.delete(output);
        if (own) closeSync(settings.descriptor);
      },
    });
    this.#open.add(output);
    return output;
  }

  // One sentence when it begins; a full disk would otherwise fill the console too.
  #complain(name: string, reason: string): void {
    if (name === 'stderr') return;
    this.#errors ??= this.standard('stderr', (lost) => `(${lost} lines lost)\n`);
    this.#errors.write(
      `cannot write log ${name}: ${reason}, lines are dropped until it works again\n`,
    );
  }
}

// Writing must not wait. A pipe is opened anew, so that nothing changes for others that have it; a socket cannot be, but
// Node makes those of its own standard streams so.
function openPipe(descriptor: 1 | 2): number | undefined {
  try {
    const kind = fstatSync(descriptor);
    if (kind.isFIFO()) return openSync(`/proc/self/fd/${descriptor}`, O_WRONLY | O_NONBLOCK);
    if (kind.isSocket()) void (descriptor === 1 ? process.stdout : process.stderr).writable;
    return undefined;
  } catch {
    return undefined;
  }
}

/** Whether standard output is the systemd journal: `JOURNAL_STREAM` names device and inode of its socket. */
export function isJournal(journalStream: string | undefined): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(1);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
