import type { Files } from './files.ts';

/** Files that a program reads for the person who started it, with that person's rights. */
export interface OperatorFiles extends Files {
  /** Contents of a regular file of at most 16 MiB. Throws an `Error` whose message is the reason alone. */
  readOctets(path: string): Uint8Array;
  /** Paths of the regular files of a folder, sorted, hidden ones included. Throws an `Error` whose message is the reason alone. */
  list(folder: string): readonly string[];
  exists(path: string): boolean;
}
