import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { SessionChanges, SessionStore } from '../contracts/session-store.ts';
import { kernelScope, otherOwner, ownerLine } from './process-identity.ts';
import { decodeFrames, encodeFrame, type Place } from './session-frames.ts';

/** What `statfs` says of file systems that are memory and nothing else: tmpfs and ramfs. */
const MEMORY_FILE_SYSTEMS = [0x0102_1994, 0x8584_58f6];
/** Octets of outdated records that may pile up beyond those in force before the file is written anew. */
const SLACK = 1 << 20;
/** Octets of records in one frame of a file that is written anew. */
const BATCH = 1 << 18;
/** No descriptor is to be had: that passes, and the file as it is has everything in it. */
const PASSING = ['EMFILE', 'ENFILE'];

/** Environment of a store, replaced by tests. */
export interface SessionStoreSetup {
  /** Told what is wrong with a file that was found, or with the disk. */
  readonly log: (sentence: string) => void;
  /** The boot and the network namespace whose records count. */
  readonly scope?: string;
  /** Whether a folder is in memory. */
  readonly inMemory?: (folder: string) => boolean;
}

/**
 * Records in an append-only file of a folder that is memory (tmpfs), belongs to us and is closed to everybody else. What `write`
 * took survives `kill -9`; no sync is needed, because nothing of a tmpfs survives more than that. The first line names the
 * format, the boot and the network namespace, the second the process.
 */
export class NodeSessionStore implements SessionStore {
  readonly #folder: string;
  readonly #log: (sentence: string) => void;
  readonly #header: string;
  #left: Map<string, Uint8Array>;
  #places = new Map<string, Place>();
  #file: number | undefined;
  #size = 0;
  #live = 0;
  /** Further outdated octets that are put up with, because the file could not be written anew. */
  #patience = 0;

  /** Opens or creates the folder and the file. Throws an error that says why the folder cannot be trusted, or is in use. */
  constructor(folder: string, setup: SessionStoreSetup) {
    this.#folder = folder;
    this.#log = setup.log;
    this.#header = `charon-ts sessions 1 ${setup.scope ?? kernelScope()}`;
    checkFolder(folder, setup.inMemory ?? isInMemory);
    this.#left = this.#readLeft();
    this.#rewrite([...this.#left]);
  }

  takeOver(): ReadonlyMap<string, Uint8Array> {
    const left = this.#left;
    this.#left = new Map();
    return left;
  }

  write(changes: SessionChanges): void {
    if (this.#file === undefined) return;
    const { frame, places } = encodeFrame(changes);
    try {
      writeWhole(this.#file, frame);
      this.#account(places, this.#size);
      this.#size += frame.length;
      if (this.#size > 2 * this.#live + SLACK + this.#patience) this.#compact();
    } catch (error) {
      // An old record is worse than none: message ids and IVs would come twice.
      this.#log(`keeping the state of IKE_SAs failed, none is kept any more: ${String(error)}`);
      this.discard();
    } finally {
      frame.fill(0);
    }
  }

  discard(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    const steps = [
      () => ftruncateSync(file),
      () => unlinkSync(this.#path),
      () => rmdirSync(this.#folder),
      () => closeSync(file),
    ];
    for (const step of steps) {
      try {
        step();
      } catch (error) {
        this.#log(`removing ${this.#path} failed: ${String(error)}`);
      }
    }
  }

  /** Closes the file and leaves it for a successor. */
  [Symbol.dispose](): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  get #path(): string {
    return `${this.#folder}/sessions`;
  }

  #account(places: ReadonlyMap<string, Place | undefined>, base: number): void {
    for (const [key, place] of places) {
      this.#live -= this.#places.get(key)?.length ?? 0;
      if (place === undefined) {
        this.#places.delete(key);
        continue;
      }
      this.#places.set(key, { offset: base + place.offset, length: place.length });
      this.#live += place.length;
    }
  }

  #compact(): void {
    const file = this.#file;
    if (file === undefined) return;
    const records: (readonly [string, Uint8Array])[] = [];
    try {
      for (const [key, { offset, length }] of this.#places) {
        const value = new Uint8Array(length);
        records.push([key, value]);
        if (readSync(file, value, 0, length, offset) !== length) throw new Error('short read');
      }
      this.#rewrite(records);
      this.#patience = 0;
    } catch (error) {
      if (!PASSING.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      this.#patience += SLACK;
    } finally {
      for (const [, value] of records) value.fill(0);
    }
  }

  // Written beside and renamed over, so that at every moment one whole file has the name.
  #rewrite(records: readonly (readonly [string, Uint8Array])[]): void {
    const beside = `${this.#path}.new`;
    removeIfThere(beside);
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR, O_APPEND } = constants;
    const file = openSync(beside, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_APPEND, 0o600);
    const before = this.#file;
    try {
      const header = new TextEncoder().encode(`${this.#header}\n${ownerLine()}\n`);
      writeWhole(file, header);
      this.#places = new Map();
      this.#live = 0;
      this.#size = header.length;
      for (const batch of batches(records)) {
        const { frame, places } = encodeFrame(batch);
        writeWhole(file, frame);
        frame.fill(0);
        this.#account(places, this.#size);
        this.#size += frame.length;
      }
      renameSync(beside, this.#path);
    } catch (error) {
      closeSync(file);
      removeIfThere(beside);
      throw error;
    }
    this.#file = file;
    if (before !== undefined) closeSync(before);
  }

  #readLeft(): Map<string, Uint8Array> {
    const none = (why: string): Map<string, Uint8Array> => {
      this.#log(`ignoring the state of IKE_SAs in ${this.#path}: ${why}`);
      return new Map();
    };
    let file: number;
    try {
      const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
      file = openSync(this.#path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map();
      return none(String(error));
    }
    try {
      const { uid, mode, nlink } = fstatSync(file);
      if ((mode & constants.S_IFMT) !== constants.S_IFREG || nlink !== 1)
        return none('no plain file');
      if (!isOurs(uid)) return none(`it belongs to user ${uid}`);
      if ((mode & 0o077) !== 0) return none('others may read or write it');
      const read = readFileSync(file);
      const octets = new Uint8Array(read.buffer, read.byteOffset, read.length);
      const { lines, rest } = splitLines(octets);
      const [header = '', owner = ''] = lines;
      if (header !== this.#header) {
        return none(
          header.startsWith('charon-ts sessions 1 ')
            ? 'it is about another boot or network namespace'
            : 'it is not of this version',
        );
      }
      const user = otherOwner(owner);
      if (user !== undefined) throw new Error(`${this.#path} is in use by process ${user}`);
      const records = decodeFrames(rest);
      if (records === undefined) return none('it is damaged');
      for (const [key, value] of records) records.set(key, value.slice());
      octets.fill(0);
      return records;
    } finally {
      closeSync(file);
    }
  }
}

function isInMemory(folder: string): boolean {
  return MEMORY_FILE_SYSTEMS.includes(statfsSync(folder).type);
}

function isOurs(uid: number): boolean {
  return uid === 0 || uid === process.geteuid?.();
}

// A folder that others can write to, or that is on a disk, is no place for keys.
function checkFolder(folder: string, inMemory: (folder: string) => boolean): void {
  try {
    mkdirSync(folder, 0o700);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const stat = lstatSync(folder);
  if (!stat.isDirectory()) throw new Error(`${folder} is no folder`);
  if (!isOurs(stat.uid)) throw new Error(`${folder} belongs to user ${stat.uid}`);
  if ((stat.mode & 0o077) !== 0) throw new Error(`${folder} must have mode 0700`);
  if (!inMemory(folder)) throw new Error(`${folder} is not in a tmpfs`);
}

function* batches(
  records: readonly (readonly [string, Uint8Array])[],
): Generator<Map<string, Uint8Array>> {
  let batch = new Map<string, Uint8Array>();
  let octets = 0;
  for (const [key, value] of records) {
    batch.set(key, value);
    octets += value.length;
    if (octets < BATCH) continue;
    yield batch;
    [batch, octets] = [new Map(), 0];
  }
  if (batch.size > 0) yield batch;
}

/** The first two lines, if there are two, and what follows them. */
function splitLines(octets: Uint8Array): {
  readonly lines: readonly string[];
  readonly rest: Uint8Array;
} {
  const first = octets.indexOf(0x0a);
  const second = first < 0 ? -1 : octets.indexOf(0x0a, first + 1);
  if (second < 0) return { lines: [], rest: octets };
  const decoder = new TextDecoder('latin1');
  return {
    lines: [
      decoder.decode(octets.subarray(0, first)),
      decoder.decode(octets.subarray(first + 1, second)),
    ],
    rest: octets.subarray(second + 1),
  };
}

function writeWhole(file: number, octets: Uint8Array): void {
  for (let written = 0; written < octets.length; ) {
    written += writeSync(file, octets, written);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
