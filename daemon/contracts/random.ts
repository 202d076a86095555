/** Cryptographically strong randomness (in tests: seeded). */
export interface Random {
  /** New array of random octets, owned by the caller. */
  bytes(length: number): Uint8Array;
  /** Uniform integer in 0 .. bound-1; bound from 1 to 2^32. */
  below(bound: number): number;
}
