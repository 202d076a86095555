import type { IvSequence } from '../contracts/crypto.ts';
import { InternalError } from '../util/error.ts';

/** IVs reserved at a time: few enough to lose with each restart, and enough that reserving them costs nothing. */
export const IV_BLOCK = 1024;

/** The IVs of one key: each number once, RFC 5282 section 3.1 (a repeated nonce gives the key stream away). */
export class IvCounter implements IvSequence {
  #last: number;
  #limit = Number.MAX_SAFE_INTEGER;
  #reserve: ((limit: number) => void) | undefined;

  /** The first IV is the one after `last`. */
  constructor(last = 0) {
    this.#last = last;
  }

  reserveAhead(reserve: (limit: number) => void): void {
    this.#reserve = reserve;
    this.#extend();
  }

  /** The next number. Counted before it is used, so that an exception later cannot make the same one come again. */
  next(): number {
    if (this.#last >= this.#limit && this.#reserve !== undefined) this.#extend();
    if (this.#last >= this.#limit)
      throw new InternalError('IVs of this key are used up or it was wiped');
    this.#last += 1;
    return this.#last;
  }

  /** No number comes any more. */
  close(): void {
    this.#last = Number.MAX_SAFE_INTEGER;
    this.#reserve = undefined;
  }

  #extend(): void {
    this.#limit = Math.min(Number.MAX_SAFE_INTEGER, this.#last + IV_BLOCK);
    this.#reserve?.(this.#limit);
  }
}
