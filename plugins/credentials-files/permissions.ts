/** What is asked of the mode and owner of a file. */
export interface FileOwnership {
  readonly mode: number;
  readonly uid: number;
}

const GROUP_WRITE = 0o020;
const OTHERS = 0o007;

/**
 * Why a file with a private key is not safe where it is; `undefined` if it is. Reading by a group is how services share keys;
 * reading by everybody, writing by anybody but the owner, and owners who are neither root nor this process are mistakes.
 */
export function keyFileMistake(
  { mode, uid }: FileOwnership,
  ownUid: number | undefined,
): string | undefined {
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  if ((mode & OTHERS) !== 0) return `it has mode ${shown} and is open to every user: chmod o= it`;
  if ((mode & GROUP_WRITE) !== 0)
    return `it has mode ${shown}, its group may write it: chmod g-w it`;
  if (ownUid !== undefined && uid !== 0 && uid !== ownUid)
    return `it belongs to user ${uid}, who may replace it: chown it to root or to the daemon's user`;
  return undefined;
}
