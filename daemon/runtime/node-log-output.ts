import { closeSync, fstatSync, openSync, write, writeSync } from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import type { LogFileOptions, LogOutput, LogOutputs } from '../contracts/log-output.ts';

/** Octets that may wait for a slow disk or reader before lines are dropped. */
const MAX_WAITING = 1024 * 1024;
/**
 * Lines are gathered for so many milliseconds, or until there are so many octets: a write for each turn of the event loop
 * costs as much as a key exchange under load.
 */
const GATHER = 50;
const GATHER_OCTETS = 16 * 1024;
/** Milliseconds until a full pipe is tried again. */
const RETRY = 50;
/** Owner reads and writes, group reads. */
const MODE = 0o640;

/** Log files and standard streams, written asynchronously so that a full disk or stalled reader delays nothing. */
export class NodeLogOutputs implements LogOutputs {
  readonly #open = new Set<DescriptorOutput>();

  constructor() {
    process.on('exit', () => {
      for (const output of this.#open) output.flushNow();
    });
  }

  file(path: string, options: LogFileOptions): LogOutput {
    try {
      return this.#track(openSync(path, options.append ? 'a' : 'w', MODE), true, options.flushLine);
    } catch (error) {
      throw new Error(reason(error), { cause: error });
    }
  }

  standard(stream: 'stdout' | 'stderr'): LogOutput {
    return this.#track(stream === 'stdout' ? 1 : 2, false, true);
  }

  #track(descriptor: number, own: boolean, flushLine: boolean): LogOutput {
    const output = new DescriptorOutput(descriptor, flushLine, () => {
      this.#open.delete(output);
      if (own) closeSync(descriptor);
    });
    this.#open.add(output);
    return output;
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

class DescriptorOutput implements LogOutput {
  readonly #descriptor: number;
  readonly #flushLine: boolean;
  readonly #onClose: () => void;
  #waiting: string[] = [];
  #length = 0;
  /** What the system has been given and not confirmed. */
  #writing: Buffer | undefined;
  #scheduled = false;
  #closed = false;
  #dropped = 0;
  #droppedSinceWrite = 0;
  /** Calls of `write` whose text is with the system. */
  #writingCount = 0;
  #failing = false;

  constructor(descriptor: number, flushLine: boolean, onClose: () => void) {
    this.#descriptor = descriptor;
    this.#flushLine = flushLine;
    this.#onClose = onClose;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(lines: string): void {
    if (this.#closed || this.#length + lines.length > MAX_WAITING) {
      this.#dropped++;
      this.#droppedSinceWrite++;
      return;
    }
    this.#waiting.push(lines);
    this.#length += lines.length;
    if (this.#writing !== undefined) return;
    if (this.#flushLine || this.#length >= GATHER_OCTETS) {
      this.#flush();
    } else if (!this.#scheduled) {
      this.#scheduled = true;
      const later = setTimeout(() => {
        this.#scheduled = false;
        if (this.#writing === undefined) this.#flush();
      }, GATHER);
      later.unref();
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    // A write under way is followed by the rest; both end before the file is closed.
    if (this.#writing === undefined) this.#finish();
  }

  /** Writes what has not been given to the system yet: the process ends and no callback will come. */
  flushNow(): void {
    const rest = this.#take();
    try {
      if (rest.length > 0) writeSync(this.#descriptor, rest);
    } catch {
      this.#dropped++;
    }
  }

  #finish(): void {
    this.flushNow();
    this.#onClose();
  }

  #take(): Buffer {
    this.#writingCount = this.#waiting.length;
    if (this.#droppedSinceWrite > 0 && this.#length > 0) {
      this.#waiting.push(`(${this.#droppedSinceWrite} log lines dropped)\n`);
      this.#droppedSinceWrite = 0;
    }
    const octets = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
    return octets;
  }

  #flush(): void {
    if (this.#closed || this.#length === 0) return;
    this.#send(this.#take());
  }

  #send(octets: Buffer): void {
    this.#writing = octets;
    write(this.#descriptor, octets, 0, octets.length, null, (error, written) => {
      this.#writing = undefined;
      if (error?.code === 'EAGAIN' && !this.#closed) {
        this.#writing = octets;
        setTimeout(() => this.#send(octets), RETRY).unref();
      } else if (this.#closed) {
        this.#finish();
      } else if (error !== null) {
        this.#failed(error);
      } else if (written < octets.length) {
        this.#send(octets.subarray(written));
      } else {
        this.#failing = false;
        this.#flush();
      }
    });
  }

  #failed(error: Error): void {
    this.#dropped += this.#writingCount;
    this.#droppedSinceWrite += this.#writingCount;
    // One sentence when it begins; a full disk would otherwise fill the console too.
    if (!this.#failing && this.#descriptor !== 2) {
      this.#failing = true;
      try {
        writeSync(
          2,
          `cannot write log: ${reason(error)}, lines are dropped until it works again\n`,
        );
      } catch {
        // Nobody is left who could be told.
      }
    }
    this.#flush();
  }
}

function reason(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number') {
    return getSystemErrorMessage(error.errno) ?? error.message;
  }
  return error instanceof Error ? error.message : String(error);
}
