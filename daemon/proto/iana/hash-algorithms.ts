import { printerOf } from './registry.ts';

/** IKEv2 Hash Algorithms of SIGNATURE_HASH_ALGORITHMS, RFC 7427 section 4 and RFC 8420. */
export const HashAlgorithm = {
  SHA1: 1,
  SHA2_256: 2,
  SHA2_384: 3,
  SHA2_512: 4,
  IDENTITY: 5,
} as const;
export type HashAlgorithm = (typeof HashAlgorithm)[keyof typeof HashAlgorithm];

/** The name of a hash algorithm, `(1234)` if it is not registered. */
export const nameOfHashAlgorithm: (id: number) => string = printerOf(HashAlgorithm);
