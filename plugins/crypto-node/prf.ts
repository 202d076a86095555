import type { PrfAlgorithm } from '../../daemon/contracts/crypto.ts';
import { PrfId } from '../../daemon/proto/iana/transforms.ts';
import { type HmacHash, HmacKey, SHA1, SHA256, SHA384, SHA512 } from './hmac.ts';

const NOTHING = new Uint8Array(0);

function hmacPrf(id: number, hash: HmacHash): PrfAlgorithm {
  return {
    id,
    keyOctets: hash.digestOctets,
    outputOctets: hash.digestOctets,
    compute(key, ...chunks) {
      using hmac = new HmacKey(hash, key);
      return hmac.compute(chunks);
    },
    // T1 = prf(K, S | 1), Tn = prf(K, Tn-1 | S | n): RFC 7296 section 2.13.
    expand(key, seed, length) {
      if (length > 255 * hash.digestOctets)
        throw new RangeError(`prf+ cannot yield ${length} octets`);
      using hmac = new HmacKey(hash, key);
      const output = new Uint8Array(length);
      const counter = new Uint8Array(1);
      let previous: Uint8Array = NOTHING;
      for (let offset = 0; offset < length; offset += hash.digestOctets) {
        counter[0] = (counter[0] ?? 0) + 1;
        const block = hmac.compute([previous, seed, counter]);
        previous.fill(0);
        previous = block;
        const wanted = length - offset;
        output.set(wanted < block.length ? block.subarray(0, wanted) : block, offset);
      }
      previous.fill(0);
      return output;
    },
  };
}

/** HMAC as pseudo-random function, RFC 2104 and RFC 4868. */
export const nodePrfs: readonly PrfAlgorithm[] = [
  hmacPrf(PrfId.PRF_HMAC_SHA2_256, SHA256),
  hmacPrf(PrfId.PRF_HMAC_SHA2_384, SHA384),
  hmacPrf(PrfId.PRF_HMAC_SHA2_512, SHA512),
  hmacPrf(PrfId.PRF_HMAC_SHA1, SHA1),
];
