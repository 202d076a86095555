import { randomBytes, randomFillSync } from 'node:crypto';
import type { Random } from '../contracts/random.ts';

/** Octets fetched from the system's generator at a time: one call costs as much for these as for 32. */
const POOL_OCTETS = 4096;

/** Randomness of the operating system, fetched in bulk; octets are wiped from the pool as they are handed out. */
export class NodeRandom implements Random {
  readonly #pool = new Uint8Array(POOL_OCTETS);
  #used = POOL_OCTETS;

  bytes(length: number): Uint8Array {
    if (length > POOL_OCTETS) return new Uint8Array(randomBytes(length));
    const from = this.#take(length);
    const octets = this.#pool.slice(from, from + length);
    this.#pool.fill(0, from, from + length);
    return octets;
  }

  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new RangeError(`bound ${bound} is not an integer from 1 to 2^32`);
    }
    // Values past the last whole multiple of the bound would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = this.#word();
      if (value < limit) return value % bound;
    }
  }

  #word(): number {
    const from = this.#take(4);
    let value = 0;
    for (let i = from; i < from + 4; i++) value = value * 256 + (this.#pool[i] ?? 0);
    this.#pool.fill(0, from, from + 4);
    return value;
  }

  #take(length: number): number {
    if (this.#used + length > POOL_OCTETS) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const from = this.#used;
    this.#used += length;
    return from;
  }
}
