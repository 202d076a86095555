import type { Random } from '../../../daemon/contracts/random.ts';

/** Length of every nonce of the daemon, and of nothing else it draws while SAs are made. */
const NONCE_OCTETS = 32;

/** Decides the first octets of the nonces that a source of randomness gives out, for as long as there are any decided. */
export class ForcedNonces {
  readonly #octets: number[] = [];

  constructor(random: Random) {
    const plain = random.bytes.bind(random);
    random.bytes = (length) => {
      const bytes = plain(length);
      const forced = length === NONCE_OCTETS ? this.#octets.shift() : undefined;
      if (forced !== undefined) bytes[0] = forced;
      return bytes;
    };
  }

  /** The next nonces begin with these octets, in this order. */
  begin(...octets: readonly number[]): void {
    this.#octets.push(...octets);
  }

  /** The next nonces are left to chance. */
  clear(): void {
    this.#octets.length = 0;
  }

  /** Octets decided and not used yet. */
  get left(): number {
    return this.#octets.length;
  }
}
