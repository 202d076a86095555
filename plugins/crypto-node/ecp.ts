import {
  createECDH,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type ECDH,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod, type PrivateHalf } from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { plain } from './plain.ts';

// Public values are x | y without a format octet, the secret is x alone: RFC 5903 sections 7 and 9.
// OpenSSL refuses coordinates out of range and points off the curve in both ways used below (the cofactor is 1).

/** A generated key of P-256, where OpenSSL is so quick that making KeyObjects would cost more than it saves. */
export function ecdhHalf(keys: ECDH): PrivateHalf {
  return {
    publicValue: plain(keys.getPublicKey()).subarray(1),
    derive(peerPublic) {
      const point = new Uint8Array(1 + peerPublic.length);
      point[0] = 4;
      point.set(peerPublic, 1);
      return plain(keys.computeSecret(point));
    },
    save: () => plain(keys.getPrivateKey()),
  };
}

interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** A key of the larger curves (`P-384`, `P-521`): a third cheaper than `createECDH`, whose check of the peer's key doubles the work. */
export function jwkHalf(curve: string, keys: KeyPair): PrivateHalf {
  const { privateKey, publicKey } = keys;
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
  return {
    publicValue: new Uint8Array(
      Buffer.concat([Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]),
    ),
    derive(peerPublic) {
      const octets = peerPublic.length / 2;
      const peer = Buffer.from(peerPublic.buffer, peerPublic.byteOffset, peerPublic.length);
      const key = {
        kty: 'EC',
        crv: curve,
        x: peer.toString('base64url', 0, octets),
        y: peer.toString('base64url', octets),
      };
      return plain(
        diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) }),
      );
    },
    save: () => plain(privateKey.export({ format: 'der', type: 'pkcs8' })),
  };
}

function generateEcdh(curve: string): ECDH {
  const keys = createECDH(curve);
  keys.generateKeys();
  return keys;
}

function generateJwk(curve: string): PrivateHalf {
  return jwkHalf(curve, generateKeyPairSync('ec', { namedCurve: curve }));
}

function loadEcdh(curve: string, saved: Uint8Array): ECDH {
  const keys = createECDH(curve);
  keys.setPrivateKey(saved);
  return keys;
}

function loadJwk(curve: string, saved: Uint8Array): PrivateHalf {
  const privateKey = createPrivateKey({ key: Buffer.from(saved), format: 'der', type: 'pkcs8' });
  return jwkHalf(curve, { privateKey, publicKey: createPublicKey(privateKey) });
}

/** The random ECP groups of RFC 5903. */
export const nodeEcpGroups: readonly KeyExchangeAlgorithm[] = [
  diffieHellmanMethod(
    KeMethod.ECP_256,
    'ECP_256',
    64,
    () => ecdhHalf(generateEcdh('prime256v1')),
    (saved) => ecdhHalf(loadEcdh('prime256v1', saved)),
  ),
  diffieHellmanMethod(
    KeMethod.ECP_384,
    'ECP_384',
    96,
    () => generateJwk('P-384'),
    (saved) => loadJwk('P-384', saved),
  ),
  diffieHellmanMethod(
    KeMethod.ECP_521,
    'ECP_521',
    132,
    () => generateJwk('P-521'),
    (saved) => loadJwk('P-521', saved),
  ),
];
