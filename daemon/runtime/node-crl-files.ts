import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CrlFiles, KeptCrl } from '../contracts/crl-files.ts';

/** Files that are read, and octets of one and of all. */
const MOST_FILES = 256;
const LARGEST = 16 * 1024 * 1024;
const LARGEST_SUM = 64 * 1024 * 1024;

const SUFFIX = '.crl';
const NAME = /^[A-Za-z0-9_-]{1,100}$/;

/** CRLs in a folder of this machine, DER, readable by all. */
export class NodeCrlFiles implements CrlFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  pathOf(name: string): string {
    return join(this.#folder, `${name}${SUFFIX}`);
  }

  async read(): Promise<readonly KeptCrl[]> {
    const files = await readdir(this.#folder).catch(() => []);
    const kept: KeptCrl[] = [];
    let left = LARGEST_SUM;
    for (const file of files.sort()) {
      const name = file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : '';
      if (!NAME.test(name)) continue;
      if (kept.length === MOST_FILES) break;
      const octets = await readRegular(this.pathOf(name), Math.min(left, LARGEST));
      if (octets === undefined) continue;
      left -= octets.length;
      kept.push({ name, octets });
    }
    return kept;
  }

  async write(name: string, octets: Uint8Array): Promise<void> {
    if (!NAME.test(name)) throw new Error('the name is none for a file');
    // Hidden, and with a suffix that nobody loads, should we be killed before it has its name.
    const temporary = join(this.#folder, `.${name}.${randomUUID()}.new`);
    try {
      const file = await open(temporary, 'wx', 0o644);
      try {
        await file.writeFile(octets);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.pathOf(name));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
  }
}

/** A link is not followed: the folder may be written to by others than those who may read what it leads to. */
async function readRegular(path: string, limit: number): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = await file.stat().then((stat) => (stat.isFile() ? stat : { size: -1 }));
    if (size < 0 || size > limit) return undefined;
    const octets = new Uint8Array(size);
    const { bytesRead } = await file.read(octets, 0, size, 0);
    return octets.slice(0, bytesRead);
  } catch {
    return undefined;
  } finally {
    await file?.close().catch(() => undefined);
  }
}
