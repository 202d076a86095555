import type { MessageProtection } from '../contracts/crypto.ts';

/**
 * Protection that remembers whether anything it opened was authentic. Whatever is wrong with a message before that,
 * its lengths and its chain of payloads included, may be the work of anybody and must not be answered.
 */
export class WitnessedProtection implements MessageProtection {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets: number;
  readonly #inner: MessageProtection;
  #authentic = false;

  /** `inner` stays the caller's to dispose of. */
  constructor(inner: MessageProtection) {
    this.ivOctets = inner.ivOctets;
    this.icvOctets = inner.icvOctets;
    this.blockOctets = inner.blockOctets;
    this.#inner = inner;
  }

  /** An integrity check has succeeded. */
  get authentic(): boolean {
    return this.#authentic;
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    return this.#inner.seal(aad, padded);
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    const padded = this.#inner.open(aad, body);
    if (padded !== undefined) this.#authentic = true;
    return padded;
  }

  [Symbol.dispose](): void {}
}
