import { createECDH, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { diffieHellmanMethod, type PrivateHalf } from './key-exchange.ts';
import { plain } from './plain.ts';

// Public values are x | y without a format octet, the secret is x alone: RFC 5903 sections 7 and 9.
// OpenSSL refuses coordinates out of range and points off the curve in both ways used below (the cofactor is 1).

/** For P-256, where OpenSSL is so quick that making KeyObjects would cost more than it saves. */
function ecdhHalf(curve: string): PrivateHalf {
  const keys = createECDH(curve);
  return {
    publicValue: plain(keys.generateKeys()).subarray(1),
    derive(peerPublic) {
      const point = new Uint8Array(1 + peerPublic.length);
      point[0] = 4;
      point.set(peerPublic, 1);
      return plain(keys.computeSecret(point));
    },
  };
}

/** For the larger curves: a third cheaper than `createECDH`, whose check of the peer's key doubles the work. */
function jwkHalf(curve: string): PrivateHalf {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: curve });
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
  };
}

/** The random ECP groups of RFC 5903. */
export const nodeEcpGroups: readonly KeyExchangeAlgorithm[] = [
  diffieHellmanMethod(KeMethod.ECP_256, 'ECP_256', 64, () => ecdhHalf('prime256v1')),
  diffieHellmanMethod(KeMethod.ECP_384, 'ECP_384', 96, () => jwkHalf('P-384')),
  diffieHellmanMethod(KeMethod.ECP_521, 'ECP_521', 132, () => jwkHalf('P-521')),
];
