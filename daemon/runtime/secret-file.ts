import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { errorText } from '../util/error.ts';

const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

/**
 * A secret of this many octets that outlives the process: read from a file that only its owner, who we are, can read, or made and
 * written if there is none. A file that others may read, or of another length, is replaced. Throws an `Error` if that fails.
 */
export function keepSecret(
  path: string,
  octets: number,
  random: { bytes(count: number): Uint8Array },
): Uint8Array {
  const kept = readSecret(path, octets);
  if (kept !== undefined) return kept;
  const fresh = random.bytes(octets);
  const unfinished = `${path}.new`;
  try {
    discard(unfinished);
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW } = constants;
    const file = openSync(unfinished, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, OWNER_ONLY);
    try {
      writeSync(file, fresh);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    throw new Error(`writing ${path} failed: ${errorText(error)}`, { cause: error });
  }
  return fresh;
}

function readSecret(path: string, octets: number): Uint8Array | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const { mode, size, uid } = fstatSync(file);
    const ours = (mode & constants.S_IFMT) === constants.S_IFREG && uid === process.geteuid?.();
    if (!ours || (mode & OTHERS) !== 0 || size !== octets) return undefined;
    const secret = new Uint8Array(octets);
    return readSync(file, secret) === octets ? secret : undefined;
  } finally {
    closeSync(file);
  }
}

function discard(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // There is none.
  }
}
