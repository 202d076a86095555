import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod, type PrivateHalf } from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

/** A key of X25519 or X448, by JWK: reading and writing DER costs more than the curve itself. */
export function montgomeryHalf(curve: 'X25519' | 'X448', keys: KeyPair): PrivateHalf {
  const { privateKey, publicKey } = keys;
  return {
    publicValue: new Uint8Array(
      Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url'),
    ),
    derive(peerPublic) {
      const peer = Buffer.from(peerPublic.buffer, peerPublic.byteOffset, peerPublic.length);
      const key = { kty: 'OKP', crv: curve, x: peer.toString('base64url') };
      return plain(diffieHellman({ privateKey, publicKey: importJwk(key) }));
    },
    save: () => plain(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}

/**
 * Node tells a JWK from a KeyObject by exceptions that it catches itself; without their stack traces the import costs
 * a third less.
 */
function importJwk(key: JsonWebKey): KeyObject {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return createPublicKey({ key, format: 'jwk' });
  } finally {
    Error.stackTraceLimit = limit;
  }
}

function load(curve: 'X25519' | 'X448', saved: Uint8Array): PrivateHalf {
  const privateKey = createPrivateKey({ key: Buffer.from(saved), format: 'der', type: 'pkcs8' });
  return montgomeryHalf(curve, { privateKey, publicKey: createPublicKey(privateKey) });
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Curve25519 and Curve448, RFC 7748 and RFC 8031. Low-order points yield a zero secret and are refused. */
export const nodeMontgomeryGroups: readonly KeyExchangeAlgorithm[] = [
  diffieHellmanMethod(
    KeMethod.CURVE_25519,
    'CURVE_25519',
    32,
    () => montgomeryHalf('X25519', generateKeyPairSync('x25519')),
    (saved) => load('X25519', saved),
  ),
  diffieHellmanMethod(
    KeMethod.CURVE_448,
    'CURVE_448',
    56,
    () => montgomeryHalf('X448', generateKeyPairSync('x448')),
    (saved) => load('X448', saved),
  ),
];
