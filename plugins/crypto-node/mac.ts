import type { MacAlgorithm } from '../../daemon/contracts/crypto.ts';
import { IntegrityId } from '../../daemon/proto/iana/transforms.ts';
import { type HmacHash, HmacKey, SHA1, SHA256, SHA384, SHA512 } from './hmac.ts';

function hmacMac(id: number, hash: HmacHash, icvOctets: number): MacAlgorithm {
  return {
    id,
    keyOctets: hash.digestOctets,
    icvOctets,
    create(key) {
      if (key.length !== hash.digestOctets)
        throw new TypeError(`integrity key of ${key.length} octets, not ${hash.digestOctets}`);
      const hmac = new HmacKey(hash, key);
      return {
        sign: (...chunks) => hmac.compute(chunks).subarray(0, icvOctets),
        [Symbol.dispose]: () => hmac[Symbol.dispose](),
      };
    },
  };
}

/** Truncated HMACs of RFC 2404 and RFC 4868. */
export const nodeMacs: readonly MacAlgorithm[] = [
  hmacMac(IntegrityId.HMAC_SHA2_256_128, SHA256, 16),
  hmacMac(IntegrityId.HMAC_SHA2_384_192, SHA384, 24),
  hmacMac(IntegrityId.HMAC_SHA2_512_256, SHA512, 32),
  hmacMac(IntegrityId.HMAC_SHA1_96, SHA1, 12),
];
