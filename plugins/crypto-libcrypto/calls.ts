import { InternalError } from '../../daemon/util/error.ts';
import { type Libcrypto, LibcryptoStatus } from '../../native/libcrypto.ts';
import type { KeyPages } from './kept-key.ts';

/** The addon and its memory, as everything here uses them. Nothing in between may await. */
export interface Calls {
  readonly addon: Libcrypto;
  /** All of the memory. */
  readonly octets: Uint8Array;
  readonly keys: KeyPages;
}

/** Throws {@link InternalError} unless a call was done. */
export function demandDone(status: number): void {
  if (status !== LibcryptoStatus.DONE)
    throw new InternalError(`libcrypto failed with status ${status}`);
}

/** A copy of the secret octets in the memory, which are wiped there. */
export function takeSecret(octets: Uint8Array, start: number, end: number): Uint8Array {
  const secret = octets.slice(start, end);
  octets.fill(0, start, end);
  return secret;
}
