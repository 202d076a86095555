import { toHex } from '../../util/hex.ts';

/** A curve y^2 = x^3 + ax + b over the integers modulo `p`, with cofactor 1: what a point and a signature are checked against. */
export interface EcCurve<Name extends string = string> {
  readonly name: Name;
  /** Bits of the order. */
  readonly bits: number;
  /** Octets of a coordinate, and of r and s. */
  readonly octets: number;
  /** Object identifier, DER contents in hexadecimal. */
  readonly oid: string;
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly order: bigint;
}

/** Curves of ECDSA: NIST (RFC 5480, FIPS 186-4) and brainpool (RFC 5639). */
export const ecCurves = [
  {
    name: 'p256',
    bits: 256,
    octets: 32,
    oid: '2a8648ce3d030107',
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    a: 0xffffffff00000001000000000000000000000000fffffffffffffffffffffffcn,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  {
    name: 'p384',
    bits: 384,
    octets: 48,
    oid: '2b81040022',
    p: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffffn,
    a: 0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffcn,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    order:
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  {
    name: 'p521',
    bits: 521,
    octets: 66,
    oid: '2b81040023',
    p: 2n ** 521n - 1n,
    a: 2n ** 521n - 4n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
    order:
      0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  },
  {
    name: 'brainpoolP256r1',
    bits: 256,
    octets: 32,
    oid: '2b2403030208010107',
    p: 0xa9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377n,
    a: 0x7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9n,
    b: 0x26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6n,
    order: 0xa9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7n,
  },
  {
    name: 'brainpoolP384r1',
    bits: 384,
    octets: 48,
    oid: '2b240303020801010b',
    p: 0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53n,
    a: 0x7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826n,
    b: 0x04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11n,
    order:
      0x8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565n,
  },
  {
    name: 'brainpoolP512r1',
    bits: 512,
    octets: 64,
    oid: '2b240303020801010d',
    p: 0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca703308717d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3n,
    a: 0x7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94can,
    b: 0x3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723n,
    order:
      0xaadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069n,
  },
] as const satisfies readonly EcCurve[];

/** One of {@link ecCurves}. */
export type KnownCurve = (typeof ecCurves)[number];

const byName = new Map<string, KnownCurve>(ecCurves.map((curve) => [curve.name, curve]));
const byOid = new Map<string, KnownCurve>(ecCurves.map((curve) => [curve.oid, curve]));

/** The curve of a name. */
export function ecCurve(name: KnownCurve['name']): KnownCurve {
  const curve = byName.get(name);
  if (curve === undefined) throw new TypeError(`no curve ${name}`);
  return curve;
}

/** The curve of an object identifier, DER contents in hexadecimal. */
export function ecCurveOfOid(oid: string): KnownCurve | undefined {
  return byOid.get(oid);
}

/** Whether x and y, joined, are a point of the curve: both below p, and the equation holds. */
export function isOnCurve(curve: EcCurve, xy: Uint8Array): boolean {
  if (xy.length !== 2 * curve.octets) return false;
  const x = toBigInt(xy.subarray(0, curve.octets));
  const y = toBigInt(xy.subarray(curve.octets));
  const { p, a, b } = curve;
  return x < p && y < p && (y * y - (x * x + a) * x - b) % p === 0n;
}

/** An unsigned number from its octets, most significant first. */
export function toBigInt(octets: Uint8Array): bigint {
  return octets.length === 0 ? 0n : BigInt(`0x${toHex(octets)}`);
}
