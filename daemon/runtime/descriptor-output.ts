import { write, writeSync } from 'node:fs';
import type { LogOutput, LostLines } from '../contracts/log-output.ts';
import { systemReason } from './system-reason.ts';

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

/** What a {@link DescriptorOutput} writes to, and whom it tells. */
export interface DescriptorSettings {
  readonly descriptor: number;
  /** Hand every line to the system at once. */
  readonly flushLine: boolean;
  readonly lostLines: LostLines;
  /** Writing began to fail. */
  readonly failed: (reason: string) => void;
  /** All is written that will be: the descriptor may be closed. */
  readonly closed: () => void;
}

/** Lines to a file, pipe or terminal, written behind the back of the event loop, with a limit on what may wait. */
export class DescriptorOutput implements LogOutput {
  readonly #settings: DescriptorSettings;
  #waiting: string[] = [];
  #length = 0;
  /** What the system has been given and not confirmed. */
  #writing: Buffer | undefined;
  /** Calls of `write` whose text that is. */
  #writingCount = 0;
  #scheduled = false;
  #closed = false;
  #dropped = 0;
  #droppedSinceWrite = 0;
  #failing = false;
  /** The system took part of a line and refused the rest. */
  #cut = false;

  constructor(settings: DescriptorSettings) {
    this.#settings = settings;
  }

  get dropped(): number {
    return this.#dropped;
  }

  write(lines: string): void {
    if (this.#closed || this.#length + lines.length > MAX_WAITING) {
      this.#drop(1);
      return;
    }
    this.#waiting.push(lines);
    this.#length += lines.length;
    if (this.#writing !== undefined) return;
    if (this.#settings.flushLine || this.#length >= GATHER_OCTETS) {
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
      if (rest.length > 0) writeSync(this.#settings.descriptor, rest);
    } catch {
      this.#drop(this.#writingCount);
    }
  }

  #finish(): void {
    this.flushNow();
    this.#settings.closed();
  }

  #take(): Buffer {
    this.#writingCount = this.#waiting.length;
    if (this.#droppedSinceWrite > 0 && this.#length > 0) {
      this.#waiting.unshift(this.#settings.lostLines(this.#droppedSinceWrite));
      this.#droppedSinceWrite = 0;
    }
    const octets = Buffer.from((this.#cut ? '\n' : '') + this.#waiting.join(''));
    this.#cut = false;
    this.#waiting = [];
    this.#length = 0;
    return octets;
  }

  #flush(): void {
    if (this.#length > 0) this.#send(this.#take());
  }

  #send(octets: Buffer, started = false): void {
    this.#writing = octets;
    write(this.#settings.descriptor, octets, 0, octets.length, null, (error, written) => {
      if (error?.code === 'EAGAIN' && !this.#closed) {
        setTimeout(() => this.#send(octets, started), RETRY).unref();
        return;
      }
      this.#writing = undefined;
      if (error === null && written < octets.length) {
        this.#send(octets.subarray(written), true);
        return;
      }
      if (error === null) this.#failing = false;
      else this.#failed(error, started);
      if (this.#closed) this.#finish();
      else this.#flush();
    });
  }

  #failed(error: Error, started: boolean): void {
    this.#cut = started;
    this.#drop(this.#writingCount);
    if (this.#failing) return;
    this.#failing = true;
    this.#settings.failed(systemReason(error));
  }

  #drop(count: number): void {
    this.#dropped += count;
    this.#droppedSinceWrite += count;
  }
}
