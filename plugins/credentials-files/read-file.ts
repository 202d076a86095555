import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { keyFileMistake } from './permissions.ts';
import { type FoundFile, signatureOf } from './scan.ts';

/** The octets of a file, or why there are none; `moving` is a file that somebody writes right now. */
export type FileRead =
  | { readonly kind: 'read'; readonly data: Uint8Array; readonly signature: string }
  | { readonly kind: 'moving' }
  | { readonly kind: 'refused'; readonly reason: string };

/** Whose process this is, and how strict it is with files of private keys. */
export interface ReadRules {
  readonly strictPermissions: boolean;
  readonly uid: number | undefined;
}

/**
 * Reads a whole regular file of bounded length. Mode and owner are those of the file that was opened, and what changes while it is read
 * is not taken for its contents.
 */
export async function readCredentialFile(
  { path, rules }: FoundFile,
  { strictPermissions, uid }: ReadRules,
): Promise<FileRead> {
  try {
    // A FIFO must not hold up whoever opens it.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) return { kind: 'refused', reason: 'it is no regular file' };
    if (rules.secret && strictPermissions) {
      const mode = Number(before.mode & 0o7777n);
      const mistake = keyFileMistake({ mode, uid: Number(before.uid) }, uid);
      if (mistake !== undefined) return { kind: 'refused', reason: mistake };
    }
    if (before.size > rules.limit) {
      const reason = `it has ${before.size} octets, at most ${rules.limit} are read`;
      return { kind: 'refused', reason };
    }
    const data = new Uint8Array(Number(before.size));
    let length = 0;
    while (length < data.length) {
      const { bytesRead } = await file.read(data, length, data.length - length, length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    const signature = signatureOf(before);
    const same = signature === signatureOf(await file.stat({ bigint: true }));
    if (same && length === data.length) return { kind: 'read', data, signature };
    data.fill(0);
    return { kind: 'moving' };
  } catch (error) {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? { kind: 'moving' }
      : { kind: 'refused', reason: `it cannot be read (${code})` };
  }
}
