import { x448 } from '@noble/curves/ed448.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { brainpoolP256r1, brainpoolP384r1, brainpoolP512r1 } from '@noble/curves/misc.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { KeyExchangeAlgorithm } from '../../daemon/contracts/crypto.ts';
import { diffieHellmanMethod, type PrivateHalf } from '../../daemon/contracts/diffie-hellman.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';

type NistCurve = typeof p256;
type MontgomeryCurve = typeof x25519;

/** A key of a NIST or brainpool curve: public values are x | y, the secret is x (RFC 5903, 6954). Points off the curve throw. */
export function nistHalf(curve: NistCurve, secretKey: Uint8Array): PrivateHalf {
  return {
    get publicValue() {
      return curve.getPublicKey(secretKey, false).subarray(1);
    },
    derive(peerPublic) {
      const point = new Uint8Array(1 + peerPublic.length);
      point[0] = 4;
      point.set(peerPublic, 1);
      const shared = curve.getSharedSecret(secretKey, point, false);
      return shared.slice(1, 1 + peerPublic.length / 2);
    },
    save: () => secretKey.slice(),
  };
}

/** A key of X25519 or X448 (RFC 7748). Low-order points throw. */
export function montgomeryHalf(curve: MontgomeryCurve, secretKey: Uint8Array): PrivateHalf {
  return {
    get publicValue() {
      return curve.getPublicKey(secretKey);
    },
    derive: (peerPublic) => curve.getSharedSecret(secretKey, peerPublic),
    save: () => secretKey.slice(),
  };
}

function nist(id: number, name: string, octets: number, curve: NistCurve): KeyExchangeAlgorithm {
  return diffieHellmanMethod(
    id,
    name,
    octets,
    () => nistHalf(curve, curve.utils.randomSecretKey()),
    (saved) => nistHalf(curve, saved.slice()),
  );
}

function montgomery(
  id: number,
  name: string,
  octets: number,
  curve: MontgomeryCurve,
): KeyExchangeAlgorithm {
  return diffieHellmanMethod(
    id,
    name,
    octets,
    () => montgomeryHalf(curve, curve.utils.randomSecretKey()),
    (saved) => montgomeryHalf(curve, saved.slice()),
  );
}

/** ECP groups of RFC 5903 and RFC 6954, Curve25519 and Curve448 of RFC 8031. */
export const nobleCurves: readonly KeyExchangeAlgorithm[] = [
  nist(KeMethod.ECP_256, 'ECP_256', 64, p256),
  nist(KeMethod.ECP_384, 'ECP_384', 96, p384),
  nist(KeMethod.ECP_521, 'ECP_521', 132, p521),
  nist(KeMethod.ECP_256_BP, 'ECP_256_BP', 64, brainpoolP256r1),
  nist(KeMethod.ECP_384_BP, 'ECP_384_BP', 96, brainpoolP384r1),
  nist(KeMethod.ECP_512_BP, 'ECP_512_BP', 128, brainpoolP512r1),
  montgomery(KeMethod.CURVE_25519, 'CURVE_25519', 32, x25519),
  montgomery(KeMethod.CURVE_448, 'CURVE_448', 56, x448),
];
