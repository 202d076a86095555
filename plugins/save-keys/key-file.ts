import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorText } from '../../daemon/util/error.ts';

const OWNER_ONLY = 0o600;
/** Lines that wait for a slow disk; more are left out. */
const LIMIT = 4096;

/** Appends lines to a file that only its owner can read. Nobody waits for it, failures are told once. */
export class KeyFile {
  readonly #path: string;
  readonly #failed: (sentence: string) => void;
  #waiting: string[] = [];
  #writing: Promise<void> | undefined;
  #told = false;

  constructor(path: string, failed: (sentence: string) => void) {
    this.#path = path;
    this.#failed = failed;
  }

  append(line: string): void {
    if (this.#waiting.length >= LIMIT) this.#tell('the disk is too slow, keys are left out');
    else this.#waiting.push(line);
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
  }

  /** Waits until what was appended is written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      const file = await this.#open();
      try {
        while (this.#waiting.length > 0) await file.appendFile(this.#waiting.splice(0).join(''));
      } finally {
        await file.close();
      }
    } catch (error) {
      this.#waiting = [];
      this.#tell(errorText(error));
    }
  }

  // A link or a pipe that somebody put there is no place for keys, and neither is a file that others may read.
  async #open(): Promise<FileHandle> {
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
    const flags = O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_WRONLY;
    const file = await open(this.#path, flags, OWNER_ONLY);
    try {
      const status = await file.stat();
      if (!status.isFile() || status.uid !== process.geteuid?.() || status.nlink !== 1) {
        throw new Error('it is no file of ours');
      }
      if ((status.mode & 0o777) !== OWNER_ONLY) await file.chmod(OWNER_ONLY);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  #tell(reason: string): void {
    if (this.#told) return;
    this.#told = true;
    this.#failed(`saving keys to ${this.#path} failed: ${reason}`);
  }
}
