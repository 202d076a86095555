import { createECDH, type ECDH, getCurves } from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod } from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { ecdhHalf } from './ecp.ts';

const GROUPS = [
  [KeMethod.ECP_256_BP, 'ECP_256_BP', 64, 'brainpoolP256r1'],
  [KeMethod.ECP_384_BP, 'ECP_384_BP', 96, 'brainpoolP384r1'],
  [KeMethod.ECP_512_BP, 'ECP_512_BP', 128, 'brainpoolP512r1'],
] as const;

/** A key of a brainpool curve, from its private number. */
export function brainpoolKey(curve: string, privateKey: Uint8Array): ECDH {
  const keys = createECDH(curve);
  keys.setPrivateKey(privateKey);
  return keys;
}

/**
 * The brainpool groups of RFC 6954, on the wire like those of RFC 5903; without any in builds of OpenSSL that leave their curves out.
 * JSON Web Keys do not know these curves, hence `createECDH`.
 */
export const nodeBrainpoolGroups: readonly KeyExchangeAlgorithm[] = GROUPS.filter(([, , , curve]) =>
  getCurves().includes(curve),
).map(([id, name, octets, curve]) =>
  diffieHellmanMethod(
    id,
    name,
    octets,
    () => {
      const keys = createECDH(curve);
      keys.generateKeys();
      return ecdhHalf(keys);
    },
    (saved) => ecdhHalf(brainpoolKey(curve, saved)),
  ),
);
