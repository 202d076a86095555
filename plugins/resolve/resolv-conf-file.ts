import { constants } from 'node:fs';
import {
  chmod,
  chown,
  open,
  readFile,
  realpath,
  rename,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import type { NameServer } from '../../daemon/contracts/name-servers.ts';
import type { NameServerBackend } from './serial-name-servers.ts';

/** A larger file is none that we should write anew. */
const MAX_FILE = 1_048_576;

/**
 * resolv.conf(5) itself: a line for each server before all others, marked as ours. The file is replaced as a whole, so that
 * nobody reads half of it; where it cannot be (it is mounted), it is overwritten.
 */
export class ResolvConfFile implements NameServerBackend {
  readonly target: string;
  /** There was no file before ours. */
  #made = false;

  constructor(path: string) {
    this.target = path;
  }

  async apply(wanted: readonly NameServer[], gone: readonly NameServer[]): Promise<void> {
    const path = await this.#realPath();
    const before = await read(path);
    const ours = new Set([...wanted, ...gone].map(lineOf));
    const others = (before ?? '').split('\n').filter((line) => !ours.has(line));
    const after = [...wanted.map(lineOf), ...others].join('\n');
    if (after === before) return;
    if (before === undefined) {
      if (wanted.length === 0) return;
      this.#made = true;
    }
    if (this.#made && after.trim() === '') {
      this.#made = false;
      await unlink(path);
      return;
    }
    await replace(path, after);
  }

  async #realPath(): Promise<string> {
    try {
      return await realpath(this.target);
    } catch {
      return this.target;
    }
  }
}

/** The line of a server, with the mark by which people and scripts know it. */
function lineOf({ address }: NameServer): string {
  return `nameserver ${address}   # by strongSwan`;
}

async function read(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE) throw new Error(`${path} has ${size} octets: not touching it`);
    return await readFile(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function replace(path: string, text: string): Promise<void> {
  const beside = `${path}.charon-ts`;
  try {
    const old = await stat(path).catch(() => undefined);
    await unlink(beside).catch(() => undefined);
    const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
    const file = await open(beside, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o644);
    try {
      await file.writeFile(text, 'latin1');
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(beside, (old?.mode ?? 0o644) & 0o7777);
    if (old !== undefined) await chown(beside, old.uid, old.gid);
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => undefined);
    const inPlace = ['EBUSY', 'EXDEV', 'EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '');
    if (!inPlace) throw error;
    await writeFile(path, text, 'latin1');
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
