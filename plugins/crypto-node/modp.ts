import { getDiffieHellman } from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { checkModpRange, diffieHellmanMethod } from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

function modp(id: number, bits: number, group: string): KeyExchangeAlgorithm {
  const octets = bits / 8;
  const prime = plain(getDiffieHellman(group).getPrime());
  return diffieHellmanMethod(id, `MODP_${bits}`, octets, () => {
    // Five times cheaper than KeyObjects, which check far more than a safe prime needs.
    const keys = getDiffieHellman(group);
    return {
      publicValue: leftPadded(keys.generateKeys(), octets),
      derive(peerPublic) {
        checkModpRange(peerPublic, prime);
        return leftPadded(keys.computeSecret(peerPublic), octets);
      },
    };
  });
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
