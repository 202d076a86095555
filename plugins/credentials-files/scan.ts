import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { FOLDERS, type FolderRules } from './folders.ts';

/** A regular file in one of the folders, not read yet. */
export interface FoundFile {
  readonly path: string;
  readonly rules: FolderRules;
  /** Differs if the file was written, replaced, or its link leads elsewhere. */
  readonly signature: string;
}

/** What the folders hold at one moment. */
export interface Scan {
  readonly files: readonly FoundFile[];
  /** Directories in which a change of these files would happen: the folders, and those that links lead through. */
  readonly watchable: ReadonlySet<string>;
  /** Folders that could not be read, and why; one that does not exist has no files. */
  readonly unreadable: ReadonlyMap<string, string>;
}

const MAX_FILES = 10_000;
const MAX_HOPS = 8;
const MAX_WATCHED = 256;

/** Looks at the folders of a directory. Files whose name begins with a dot are somebody's temporary ones. */
export async function scan(directory: string): Promise<Scan> {
  const files: FoundFile[] = [];
  const watchable = new Set([directory]);
  const unreadable = new Map<string, string>();
  for (const rules of FOLDERS) {
    const folder = join(directory, rules.folder);
    const names = await namesIn(folder, unreadable);
    if (names === undefined) continue;
    watchable.add(folder);
    for (const name of names.filter((entry) => !entry.startsWith('.')).sort()) {
      if (files.length >= MAX_FILES) {
        unreadable.set(folder, `there are more than ${MAX_FILES} files`);
        break;
      }
      const path = join(folder, name);
      const found = await statOf(path);
      if (!found?.isFile()) continue;
      files.push({ path, rules, signature: signatureOf(found) });
      for (const hop of await hopsOf(path)) if (watchable.size < MAX_WATCHED) watchable.add(hop);
    }
  }
  return { files, watchable, unreadable };
}

/** What tells one state of a file from another without reading it. */
export function signatureOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(':');
}

async function namesIn(
  folder: string,
  unreadable: Map<string, string>,
): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') unreadable.set(folder, `it cannot be read (${code})`);
    return undefined;
  }
}

async function statOf(path: string): Promise<BigIntStats | undefined> {
  return stat(path, { bigint: true }).catch(() => undefined);
}

/** Directories of all files that a path leads through by symbolic links. */
async function hopsOf(path: string): Promise<readonly string[]> {
  const hops: string[] = [];
  let at = path;
  while (hops.length < MAX_HOPS) {
    const info = await lstat(at).catch(() => undefined);
    if (info === undefined) break;
    if (!info.isSymbolicLink()) {
      // A directory on the way may be a link, too: `..data` of Kubernetes volumes is.
      const parent = dirname(at);
      const link = await readlink(parent).catch(() => undefined);
      if (link === undefined) break;
      hops.push(dirname(parent));
      break;
    }
    const target = await readlink(at).catch(() => undefined);
    if (target === undefined) break;
    at = resolve(dirname(at), target);
    hops.push(dirname(at));
  }
  return hops;
}
