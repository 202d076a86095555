import { hmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { HashName, MacAlgorithm, PrfAlgorithm } from '../../daemon/contracts/crypto.ts';
import type { HashFunction } from '../../daemon/contracts/plugin.ts';
import { IntegrityId, PrfId } from '../../daemon/proto/iana/transforms.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';

type Hash = typeof sha1 | typeof sha256 | typeof sha512;

function mac(id: number, hash: Hash, icvOctets: number): MacAlgorithm {
  return {
    id,
    keyOctets: hash.outputLen,
    icvOctets,
    create(key) {
      if (key.length !== hash.outputLen)
        throw new TypeError(`integrity key of ${key.length} octets, not ${hash.outputLen}`);
      const keyed = hmac.create(hash, key);
      return {
        sign(...chunks) {
          const state = keyed.clone();
          for (const chunk of chunks) state.update(chunk);
          return state.digest().slice(0, icvOctets);
        },
        [Symbol.dispose]: () => keyed.destroy(),
      };
    },
  };
}

function prf(id: number, hash: Hash): PrfAlgorithm {
  const compute = (key: Uint8Array, ...chunks: readonly Uint8Array[]): Uint8Array => {
    const state = hmac.create(hash, key);
    for (const chunk of chunks) state.update(chunk);
    return state.digest();
  };
  return {
    id,
    keyOctets: hash.outputLen,
    outputOctets: hash.outputLen,
    compute,
    expand(key, seed, length) {
      const blocks = Math.ceil(length / hash.outputLen);
      if (blocks > 255) throw new RangeError(`prf+ cannot yield ${length} octets`);
      const parts: Uint8Array[] = [];
      for (let n = 1; n <= blocks; n++) {
        const previous = parts.at(-1) ?? new Uint8Array(0);
        parts.push(compute(key, previous, seed, Uint8Array.of(n)));
      }
      const whole = concatBytes(...parts);
      for (const part of parts) part.fill(0);
      return whole.subarray(0, length);
    },
  };
}

/** Truncated HMACs of RFC 2404 and RFC 4868. */
export const nobleMacs: readonly MacAlgorithm[] = [
  mac(IntegrityId.HMAC_SHA2_256_128, sha256, 16),
  mac(IntegrityId.HMAC_SHA2_384_192, sha384, 24),
  mac(IntegrityId.HMAC_SHA2_512_256, sha512, 32),
  mac(IntegrityId.HMAC_SHA1_96, sha1, 12),
];

/** HMAC as pseudo-random function, RFC 2104 and RFC 4868. */
export const noblePrfs: readonly PrfAlgorithm[] = [
  prf(PrfId.PRF_HMAC_SHA2_256, sha256),
  prf(PrfId.PRF_HMAC_SHA2_384, sha384),
  prf(PrfId.PRF_HMAC_SHA2_512, sha512),
  prf(PrfId.PRF_HMAC_SHA1, sha1),
];

const digest =
  (hash: Hash): HashFunction =>
  (...chunks) =>
    hash(concatBytes(...chunks));

/** SHA-1 and SHA-2, FIPS 180-4. */
export const nobleHashes: Readonly<Record<HashName, HashFunction>> = {
  sha1: digest(sha1),
  sha256: digest(sha256),
  sha384: digest(sha384),
  sha512: digest(sha512),
};
