import { createHmac } from 'node:crypto';
import type { MessageProtection } from '../../daemon/contracts/crypto.ts';
import { concatBytes, equalBytes } from '../../daemon/util/bytes.ts';

const KEY = 'a key for tests';
const MASK = 0x5a;

/** Sizes of a {@link ToyProtection}. */
export interface ToySizes {
  readonly ivOctets?: number;
  readonly icvOctets?: number;
  readonly blockOctets?: number;
}

/** Protects messages in tests: real integrity, make-believe encryption, any sizes wanted. Not for secrets. */
export class ToyProtection implements MessageProtection {
  readonly ivOctets: number;
  readonly icvOctets: number;
  readonly blockOctets: number;
  /** How often `open` was asked: what is refused before that has cost no cryptography. */
  opened = 0;
  #counter = 0;

  constructor({ ivOctets = 8, icvOctets = 16, blockOctets = 1 }: ToySizes = {}) {
    this.ivOctets = ivOctets;
    this.icvOctets = icvOctets;
    this.blockOctets = blockOctets;
  }

  seal(aad: Uint8Array, padded: Uint8Array): Uint8Array {
    const iv = new Uint8Array(this.ivOctets).fill(++this.#counter);
    const hidden = padded.map((octet) => octet ^ MASK);
    return concatBytes(iv, hidden, this.#icv(aad, iv, hidden));
  }

  open(aad: Uint8Array, body: Uint8Array): Uint8Array | undefined {
    this.opened++;
    const iv = body.subarray(0, this.ivOctets);
    const hidden = body.subarray(this.ivOctets, body.length - this.icvOctets);
    const icv = body.subarray(body.length - this.icvOctets);
    if (!equalBytes(icv, this.#icv(aad, iv, hidden))) return undefined;
    return Uint8Array.from(hidden, (octet) => octet ^ MASK);
  }

  [Symbol.dispose](): void {
    this.#counter = 0;
  }

  #icv(...chunks: readonly Uint8Array[]): Uint8Array {
    const hmac = createHmac('sha256', KEY);
    for (const chunk of chunks) hmac.update(chunk);
    return new Uint8Array(hmac.digest().subarray(0, this.icvOctets));
  }
}
