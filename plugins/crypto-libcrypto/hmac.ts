import type { MacAlgorithm, MacContext, PrfAlgorithm } from '../../daemon/contracts/crypto.ts';
import { IntegrityId, PrfId } from '../../daemon/proto/iana/transforms.ts';
import { type Calls, demandDone, takeSecret } from './calls.ts';
import { hmacWithWrittenKey, type LibcryptoDigest, SHA1, SHA256, SHA384, SHA512 } from './hash.ts';
import { KeptKey } from './kept-key.ts';

function prf(calls: Calls, id: number, hash: LibcryptoDigest): PrfAlgorithm {
  const { addon, octets } = calls;
  return {
    id,
    keyOctets: hash.digestOctets,
    outputOctets: hash.digestOctets,
    compute(key, ...chunks) {
      octets.set(key);
      return hmacWithWrittenKey(calls, hash, key.length, chunks);
    },
    expand(key, seed, length) {
      if (length > 255 * hash.digestOctets)
        throw new RangeError(`prf+ cannot yield ${length} octets`);
      octets.set(key);
      octets.set(seed, key.length);
      demandDone(addon.expand(hash.number, key.length, seed.length, length));
      return takeSecret(octets, 0, length);
    },
  };
}

/** HMAC as pseudo-random function, RFC 2104 and RFC 4868. */
export function libcryptoPrfs(calls: Calls): readonly PrfAlgorithm[] {
  return [
    prf(calls, PrfId.PRF_HMAC_SHA2_256, SHA256),
    prf(calls, PrfId.PRF_HMAC_SHA2_384, SHA384),
    prf(calls, PrfId.PRF_HMAC_SHA2_512, SHA512),
    prf(calls, PrfId.PRF_HMAC_SHA1, SHA1),
  ];
}

function mac(calls: Calls, id: number, hash: LibcryptoDigest, icvOctets: number): MacAlgorithm {
  return {
    id,
    keyOctets: hash.digestOctets,
    icvOctets,
    create(key) {
      if (key.length !== hash.digestOctets)
        throw new TypeError(`integrity key of ${key.length} octets, not ${hash.digestOctets}`);
      return new LibcryptoMac(calls, hash, icvOctets, key);
    },
  };
}

class LibcryptoMac extends KeptKey implements MacContext {
  readonly #calls: Calls;
  readonly #hash: LibcryptoDigest;
  readonly #icvOctets: number;

  constructor(calls: Calls, hash: LibcryptoDigest, icvOctets: number, key: Uint8Array) {
    super(calls.keys, key);
    this.#calls = calls;
    this.#hash = hash;
    this.#icvOctets = icvOctets;
  }

  sign(...chunks: readonly Uint8Array[]): Uint8Array {
    this.copyKeyTo(this.#calls.octets);
    return hmacWithWrittenKey(
      this.#calls,
      this.#hash,
      this.#hash.digestOctets,
      chunks,
      this.#icvOctets,
    );
  }
}

/** Truncated HMACs of RFC 2404 and RFC 4868. */
export function libcryptoMacs(calls: Calls): readonly MacAlgorithm[] {
  return [
    mac(calls, IntegrityId.HMAC_SHA2_256_128, SHA256, 16),
    mac(calls, IntegrityId.HMAC_SHA2_384_192, SHA384, 24),
    mac(calls, IntegrityId.HMAC_SHA2_512_256, SHA512, 32),
    mac(calls, IntegrityId.HMAC_SHA1_96, SHA1, 12),
  ];
}
