import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { StateJournal } from '../contracts/journal.ts';
import { kernelScope, otherOwner, ownerLine } from './process-identity.ts';

/** Lines that may pile up before the file is written anew, beyond twice what it has to say. */
const SLACK_LINES = 4096;

/**
 * A journal in an append-only file that only its owner can read. What `write` took survives `kill -9`; no sync is
 * needed, because after a crash of the whole machine the kernel state it describes is gone too. The first line names
 * the boot and the network namespace: records of another one say nothing about this kernel and are discarded. The
 * second names the process.
 */
export class NodeJournal implements StateJournal {
  readonly #path: string;
  readonly #header: string;
  readonly #onError: (error: unknown) => void;
  readonly #records: Set<string>;
  #file: number | undefined;
  #lines = 0;

  /**
   * Opens or creates the file; the folder must exist. Throws the system's error if that fails, and an error if another
   * process that lives has it open: its state must not be cleaned up. A disk that fails later is told to `onError` and
   * leaves the journal incomplete. `scope` is for tests.
   */
  constructor(path: string, onError: (error: unknown) => void, scope = kernelScope()) {
    this.#path = path;
    this.#header = `charon-ts journal 1 ${scope}`;
    this.#onError = onError;
    const { owner, records } = readTrusted(path, this.#header);
    const user = otherOwner(owner);
    if (user !== undefined) throw new Error(`${path} is in use by process ${user}`);
    this.#records = new Set(records);
    this.#rewrite();
  }

  recorded(): readonly string[] {
    return [...this.#records];
  }

  add(record: string): void {
    if (/[\r\n]/.test(record)) throw new TypeError('a journal record is one line');
    if (this.#records.has(record)) return;
    this.#records.add(record);
    this.#append(`+${record}\n`);
  }

  remove(record: string): void {
    if (!this.#records.delete(record)) return;
    this.#append(`-${record}\n`);
  }

  clear(): void {
    if (this.#records.size === 0) return;
    this.#records.clear();
    this.#guard(() => this.#rewrite());
  }

  /** Closes the file; later changes are kept in memory only. */
  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #append(line: string): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#guard(() => writeWhole(file, line));
    this.#lines += 1;
    if (this.#lines <= 2 * this.#records.size + SLACK_LINES) return;
    this.#lines = 0;
    this.#guard(() => this.#rewrite());
  }

  // Written beside and renamed over, so that at every moment one whole journal has the name.
  #rewrite(): void {
    const beside = `${this.#path}.new`;
    removeIfThere(beside);
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, O_APPEND } = constants;
    const flags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_APPEND;
    const file = openSync(beside, flags, 0o600);
    try {
      let text = `${this.#header}\n${ownerLine()}\n`;
      for (const record of this.#records) text += `+${record}\n`;
      writeWhole(file, text);
      renameSync(beside, this.#path);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = file;
    this.#lines = this.#records.size;
  }

  #guard(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#onError(error);
    }
  }
}

interface Contents {
  /** The line that names the process. */
  readonly owner: string;
  readonly records: readonly string[];
}

const nothing: Contents = { owner: '', records: [] };

/** What a file that is ours alone says; any other file says nothing. */
function readTrusted(path: string, header: string): Contents {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return nothing;
  }
  try {
    const { uid, mode } = fstatSync(file);
    const regular = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!regular || uid !== process.geteuid?.() || (mode & 0o077) !== 0) return nothing;
    return replay(readFileSync(file, 'utf8'), header);
  } finally {
    closeSync(file);
  }
}

// A line cut off by the kill has no line end, and with it no effect was had in the kernel yet.
function replay(text: string, header: string): Contents {
  const lines = text.split('\n');
  lines.pop();
  if (lines.shift() !== header) return nothing;
  const records = new Set<string>();
  for (const line of lines) {
    if (line.startsWith('+')) records.add(line.slice(1));
    else if (line.startsWith('-')) records.delete(line.slice(1));
  }
  return { owner: lines[0] ?? '', records: [...records] };
}

// On a full disk the half-written line is taken back, or else it would swallow the next one.
function writeWhole(file: number, text: string): void {
  const octets = new TextEncoder().encode(text);
  for (let written = 0; written < octets.length; ) {
    try {
      written += writeSync(file, octets, written);
    } catch (error) {
      if (written > 0) ftruncateSync(file, fstatSync(file).size - written);
      throw error;
    }
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
