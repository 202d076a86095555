import { hash as digestOf } from 'node:crypto';
import type { HashName } from '../../daemon/contracts/crypto.ts';
import { plain } from './plain.ts';

/** What HMAC needs to know of a hash function: block and digest size in octets. */
export interface HmacHash {
  readonly name: HashName;
  readonly blockOctets: number;
  readonly digestOctets: number;
}

export const SHA1: HmacHash = { name: 'sha1', blockOctets: 64, digestOctets: 20 };
export const SHA256: HmacHash = { name: 'sha256', blockOctets: 64, digestOctets: 32 };
export const SHA384: HmacHash = { name: 'sha384', blockOctets: 128, digestOctets: 48 };
export const SHA512: HmacHash = { name: 'sha512', blockOctets: 128, digestOctets: 64 };

const SCRATCH_OCTETS = 4096;
const inner = new Uint8Array(SCRATCH_OCTETS);
const outer = new Uint8Array(128 + 64);

/**
 * HMAC (RFC 2104) built on the one-shot digest of the runtime: 2.2 us a call on Node 24, against 13 us of
 * `createHmac` with raw octets and 4.3 us with a KeyObject made for one call.
 */
export class HmacKey implements Disposable {
  readonly #hash: HmacHash;
  readonly #innerPad: Uint8Array;
  readonly #outerPad: Uint8Array;

  /** `key` is not kept. */
  constructor(hash: HmacHash, key: Uint8Array) {
    this.#hash = hash;
    const block = key.length > hash.blockOctets ? plain(digestOf(hash.name, key, 'buffer')) : key;
    this.#innerPad = new Uint8Array(hash.blockOctets).fill(0x36);
    this.#outerPad = new Uint8Array(hash.blockOctets).fill(0x5c);
    for (let i = 0; i < block.length; i++) {
      const octet = block[i] ?? 0;
      this.#innerPad[i] = 0x36 ^ octet;
      this.#outerPad[i] = 0x5c ^ octet;
    }
    if (block !== key) block.fill(0);
  }

  /** The whole MAC of the chunks joined. */
  compute(chunks: readonly Uint8Array[]): Uint8Array {
    const { name, blockOctets } = this.#hash;
    let length = blockOctets;
    for (const chunk of chunks) length += chunk.length;
    const message = length <= SCRATCH_OCTETS ? inner : new Uint8Array(length);
    message.set(this.#innerPad);
    let offset = blockOctets;
    for (const chunk of chunks) {
      message.set(chunk, offset);
      offset += chunk.length;
    }
    const digest = digestOf(name, message.subarray(0, length), 'buffer');
    outer.set(this.#outerPad);
    outer.set(digest, blockOctets);
    const mac = plain(digestOf(name, outer.subarray(0, blockOctets + digest.length), 'buffer'));
    // Pads and inner digest reveal the key or allow forging; they do not stay in memory that outlives the call.
    message.fill(0, 0, length);
    outer.fill(0);
    digest.fill(0);
    return mac;
  }

  [Symbol.dispose](): void {
    this.#innerPad.fill(0);
    this.#outerPad.fill(0);
  }
}
