import { createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { diffieHellmanMethod, type PrivateHalf } from './key-exchange.ts';
import { plain } from './plain.ts';

// By JWK: reading and writing DER costs more than the curve itself.
function half(curve: 'X25519' | 'X448', privateKey: KeyObject, publicKey: KeyObject): PrivateHalf {
  return {
    publicValue: new Uint8Array(
      Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
    ),
    derive(peerPublic) {
      const peer = Buffer.from(peerPublic.buffer, peerPublic.byteOffset, peerPublic.length);
      const key = { kty: 'OKP', crv: curve, x: peer.toString('base64url') };
      return plain(
        diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) }),
      );
    },
  };
}

/** Curve25519 and Curve448, RFC 7748 and RFC 8031. Low-order points yield a zero secret and are refused. */
export const nodeMontgomeryGroups: readonly KeyExchangeAlgorithm[] = [
  diffieHellmanMethod(KeMethod.CURVE_25519, 'CURVE_25519', 32, () => {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    return half('X25519', privateKey, publicKey);
  }),
  diffieHellmanMethod(KeMethod.CURVE_448, 'CURVE_448', 56, () => {
    const { privateKey, publicKey } = generateKeyPairSync('x448');
    return half('X448', privateKey, publicKey);
  }),
];
