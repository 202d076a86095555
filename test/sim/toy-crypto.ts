import type {
  AeadAlgorithm,
  AeadContext,
  Crypto,
  HashName,
  KeyExchangeAlgorithm,
  PrfAlgorithm,
} from '../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod } from '../../daemon/contracts/diffie-hellman.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { EncryptionId, KeMethod, PrfId } from '../../daemon/proto/iana/transforms.ts';
import { concatBytes, equalBytes } from '../../daemon/util/bytes.ts';
import { SeededRandom } from './seeded-random.ts';

const DIGEST_OCTETS = 32;
const HASH_OCTETS: Readonly<Record<HashName, number>> = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

/**
 * Cryptography that protects nothing and costs next to nothing, for runs by the million: who has the same keys understands
 * each other, nobody else does. AES-GCM-16 with 128 bits, PRF_HMAC_SHA2_256 and CURVE_25519 by name and sizes.
 */
export function toyCrypto(): Crypto {
  const random = new SeededRandom(1);
  return {
    aead: (id, bits) => (id === EncryptionId.AES_GCM_16 && bits === 128 ? toyAead : undefined),
    cipher: () => undefined,
    mac: () => undefined,
    prf: (id) => (id === PrfId.PRF_HMAC_SHA2_256 ? toyPrf : undefined),
    keyExchange: toyKeyExchange(random),
    hash: (name, ...chunks) => digest(HASH_OCTETS[name], chunks),
    signatures: createCrypto([]).signatures,
    inventory: [],
  };
}

/** Two sums that depend on every octet and its place, stretched to the length. */
function digest(octets: number, chunks: readonly Uint8Array[]): Uint8Array {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const chunk of chunks) {
    for (const octet of chunk) {
      a = Math.imul(a ^ octet, 2654435761);
      b = Math.imul(b ^ octet, 1597334677);
      a ^= b >>> 15;
    }
  }
  return stretch(a, b, octets);
}

function stretch(first: number, second: number, octets: number): Uint8Array {
  const output = new Uint8Array(octets);
  let [a, b] = [first, second];
  for (let at = 0; at < octets; at += 4) {
    a = Math.imul(a ^ (a >>> 16) ^ b, 2246822507);
    b = Math.imul(b ^ (b >>> 13) ^ at, 3266489909);
    const word = a ^ b ^ (b >>> 16);
    output[at] = word;
    output[at + 1] = word >>> 8;
    output[at + 2] = word >>> 16;
    output[at + 3] = word >>> 24;
  }
  return output;
}

const toyPrf: PrfAlgorithm = {
  id: PrfId.PRF_HMAC_SHA2_256,
  keyOctets: DIGEST_OCTETS,
  outputOctets: DIGEST_OCTETS,
  compute: (key, ...chunks) => digest(DIGEST_OCTETS, [key, ...chunks]),
  expand: (key, seed, length) => digest(length, [key, seed]),
};

const ICV_OCTETS = 16;

const toyAead: AeadAlgorithm = {
  id: EncryptionId.AES_GCM_16,
  keyBits: 128,
  saltOctets: 4,
  ivOctets: 8,
  icvOctets: ICV_OCTETS,
  create: (key) => new ToyAead(key.slice()),
};

class ToyAead implements AeadContext {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const text = this.#crypt(nonce, plaintext);
    return concatBytes(text, digest(ICV_OCTETS, [this.#key, nonce, aad, text]));
  }

  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - ICV_OCTETS;
    if (length < 0) return undefined;
    const text = sealed.subarray(0, length);
    const icv = digest(ICV_OCTETS, [this.#key, nonce, aad, text]);
    return equalBytes(icv, sealed.subarray(length)) ? this.#crypt(nonce, text) : undefined;
  }

  [Symbol.dispose](): void {}

  #crypt(nonce: Uint8Array, text: Uint8Array): Uint8Array {
    const stream = digest(text.length, [this.#key, nonce]);
    for (let at = 0; at < text.length; at++) stream[at] = (stream[at] ?? 0) ^ (text[at] ?? 0);
    return stream;
  }
}

const KEY_OCTETS = 32;

/** The public value is the private one times a constant, both odd, modulo 2^32, eight times. */
function toyKeyExchange(random: SeededRandom): (id: number) => KeyExchangeAlgorithm | undefined {
  const generator = new Uint32Array(KEY_OCTETS / 4).fill(0x9e3779b1);
  const method = diffieHellmanMethod(KeMethod.CURVE_25519, 'toy', KEY_OCTETS, () => {
    const half = words(random.bytes(KEY_OCTETS)).map((word) => word | 1);
    return {
      publicValue: octets(times(half, generator)),
      derive: (peerPublic) => octets(times(half, words(peerPublic))),
    };
  });
  return (id) => (id === KeMethod.CURVE_25519 ? method : undefined);
}

function times(one: Uint32Array, other: Uint32Array): Uint32Array {
  return one.map((word, at) => Math.imul(word, other[at] ?? 0));
}

function words(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

function octets(of: Uint32Array): Uint8Array {
  return new Uint8Array(of.buffer);
}
