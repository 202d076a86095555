import { getDiffieHellman } from 'node:crypto';
import { type KeyExchangeAlgorithm, KeyExchangeError } from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { compareBytes } from '../../daemon/util/bytes.ts';
import { diffieHellmanMethod } from './key-exchange.ts';

function modp(id: number, bits: number, group: string): KeyExchangeAlgorithm {
  const octets = bits / 8;
  const primeMinusOne = new Uint8Array(getDiffieHellman(group).getPrime());
  primeMinusOne[octets - 1] = (primeMinusOne[octets - 1] ?? 0) - 1; // p is odd
  return diffieHellmanMethod(id, `MODP_${bits}`, octets, () => {
    // Five times cheaper than KeyObjects, which check far more than a safe prime needs.
    const keys = getDiffieHellman(group);
    return {
      publicValue: leftPadded(keys.generateKeys(), octets),
      derive(peerPublic) {
        checkRange(peerPublic, primeMinusOne);
        return leftPadded(keys.computeSecret(peerPublic), octets);
      },
    };
  });
}

// 1 < y < p-1 is the whole check for a safe prime, RFC 6989 section 2.1.
function checkRange(y: Uint8Array, primeMinusOne: Uint8Array): void {
  const last = y.length - 1;
  const atMostOne = (y[last] ?? 0) <= 1 && y.subarray(0, last).every((octet) => octet === 0);
  if (atMostOne || compareBytes(y, primeMinusOne) >= 0)
    throw new KeyExchangeError('MODP public value is not between 1 and p-1');
}

// Values are as long as the prime, with leading zeros: RFC 7296 sections 2.14 and 3.4.
function leftPadded(value: Uint8Array, octets: number): Uint8Array {
  const padded = new Uint8Array(octets);
  padded.set(value, octets - value.length);
  return padded;
}

/** The MODP groups of RFC 3526. */
export const nodeModpGroups: readonly KeyExchangeAlgorithm[] = [
  modp(KeMethod.MODP_3072, 3072, 'modp15'),
  modp(KeMethod.MODP_4096, 4096, 'modp16'),
  modp(KeMethod.MODP_2048, 2048, 'modp14'),
];
