import { randomBytes } from '@noble/hashes/utils.js';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import {
  checkModpRange,
  diffieHellmanMethod,
  type PrivateHalf,
} from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { fromHex, toHex } from '../../daemon/util/hex.ts';
import { MODP_2048, MODP_3072, MODP_4096 } from './modp-primes.ts';

/**
 * A key of a MODP group out of its private exponent. BigInt arithmetic of JavaScript is *not* constant time: its
 * duration depends on the operands. The exponent is used for one exchange only and never for a second peer value,
 * which leaves an observer one sample; where that is not good enough, use crypto-node.
 */
export function modpHalf(primeHex: string, privateExponent: Uint8Array): PrivateHalf {
  const octets = primeHex.length / 2;
  const prime = BigInt(`0x${primeHex}`);
  const primeOctets = fromHex(primeHex) ?? new Uint8Array(0);
  const exponent = BigInt(`0x${toHex(privateExponent)}`);
  return {
    publicValue: octetsOf(power(2n, exponent, prime), octets),
    derive(peerPublic) {
      checkModpRange(peerPublic, primeOctets);
      return octetsOf(power(BigInt(`0x${toHex(peerPublic)}`), exponent, prime), octets);
    },
    save: () => octetsOf(exponent, Math.ceil(exponent.toString(16).length / 2)),
  };
}

const WINDOW_BITS = 4;

// Fixed windows: the sequence of multiplications depends on the length of the exponent only, not on its bits.
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const powers: bigint[] = [1n];
  for (let i = 1; i < 1 << WINDOW_BITS; i++) powers.push(((powers[i - 1] ?? 1n) * base) % modulus);
  let result = 1n;
  for (const digit of exponent.toString(16)) {
    for (let i = 0; i < WINDOW_BITS; i++) result = (result * result) % modulus;
    result = (result * (powers[Number.parseInt(digit, 16)] ?? 1n)) % modulus;
  }
  return result;
}

function octetsOf(value: bigint, octets: number): Uint8Array {
  return fromHex(value.toString(16).padStart(octets * 2, '0')) ?? new Uint8Array(octets);
}

// Private exponents as long as RFC 3526 section 8 estimates (second column), in bits.
function modp(id: number, primeHex: string, exponentBits: number): KeyExchangeAlgorithm {
  const octets = primeHex.length / 2;
  const generate = (): PrivateHalf => {
    const exponent = randomBytes(exponentBits / 8);
    exponent[0] = (exponent[0] ?? 0) | 0x80; // of full length always
    const half = modpHalf(primeHex, exponent);
    exponent.fill(0);
    return half;
  };
  const load = (saved: Uint8Array): PrivateHalf => modpHalf(primeHex, saved);
  return diffieHellmanMethod(id, `MODP_${octets * 8}`, octets, generate, load);
}

/** The MODP groups of RFC 3526. */
export const nobleModpGroups: readonly KeyExchangeAlgorithm[] = [
  modp(KeMethod.MODP_3072, MODP_3072, 424),
  modp(KeMethod.MODP_4096, MODP_4096, 480),
  modp(KeMethod.MODP_2048, MODP_2048, 320),
];
