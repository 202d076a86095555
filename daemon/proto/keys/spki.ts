import { toHex } from '../../util/hex.ts';
import { type DerElement, DerTag, derElements } from '../der.ts';
import { ecCurveOfOid, isOnCurve, type KnownCurve } from './ec-curves.ts';
import { isLowOrder } from './edwards.ts';

/** What a SubjectPublicKeyInfo holds, checked. Numbers are unsigned, most significant octet first. */
export type DecodedSpki =
  | {
      readonly kind: 'rsa';
      readonly bits: number;
      /** No leading zero octet. */
      readonly modulus: Uint8Array;
      readonly exponent: bigint;
      readonly keyBits: Uint8Array;
    }
  | {
      readonly kind: 'ecdsa';
      readonly bits: number;
      readonly curve: KnownCurve['name'];
      /** x and y joined. */
      readonly point: Uint8Array;
      readonly keyBits: Uint8Array;
    }
  | {
      readonly kind: 'ed25519' | 'ed448';
      readonly bits: number;
      /** As on the wire; the same octets as `keyBits`. */
      readonly point: Uint8Array;
      readonly keyBits: Uint8Array;
    }
  | {
      readonly kind: 'ml-dsa';
      readonly bits: number;
      readonly level: 44 | 65 | 87;
      readonly keyBits: Uint8Array;
    };

/** Smallest and largest RSA modulus. */
export const RSA_BITS = { least: 1024, most: 16_384 } as const;

/** No acceptable key is larger: 16384 bits of RSA, or ML-DSA-87. */
const LARGEST = 4096;

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of RSA (RFC 3279), ECDSA with a named curve and an uncompressed point
 * (RFC 5480), Ed25519, Ed448 (RFC 8410) or ML-DSA (RFC 9881). `undefined` for anything that is not exactly that in DER, and for keys
 * that must not be used: RSA outside of 1024 to 16384 bits, with an even modulus or an exponent that is even or outside of 3 to 2^32,
 * points off the curve, and Edwards points of small order. `keyBits` are the octets of subjectPublicKey.
 */
export function decodeSpki(spki: Uint8Array): DecodedSpki | undefined {
  if (spki.length > LARGEST) return undefined;
  const [info] = derElements(spki, 1) ?? [];
  const [algorithm, key] = sequence(info, 2) ?? [];
  if (key?.tag !== BIT_STRING || key.contents[0] !== 0) return undefined;
  const keyBits = key.contents.subarray(1);
  const parts = algorithm?.tag === DerTag.SEQUENCE ? derElements(algorithm.contents, 2) : undefined;
  const [oid, parameters] = parts ?? [];
  if (oid?.tag !== DerTag.OID) return undefined;
  const name = toHex(oid.contents);
  if (name === RSA) return isNull(parameters) ? decodeRsaPublicKey(keyBits) : undefined;
  if (name === EC) {
    const curve = parameters?.tag === DerTag.OID && ecCurveOfOid(toHex(parameters.contents));
    return curve ? ecKey(curve, keyBits) : undefined;
  }
  // RFC 8410 section 3, RFC 9881 section 2: parameters are absent.
  if (parameters !== undefined) return undefined;
  const fixed = FIXED.get(name);
  if (fixed === undefined || keyBits.length !== fixed.octets) return undefined;
  if (fixed.kind === 'ml-dsa') {
    return { kind: 'ml-dsa', bits: fixed.bits, level: fixed.level, keyBits };
  }
  if (isLowOrder(fixed.kind, keyBits)) return undefined;
  return { kind: fixed.kind, bits: fixed.bits, point: keyBits, keyBits };
}

/** Reads an RSAPublicKey (RFC 8017 appendix A.1.1), with the checks of {@link decodeSpki}. */
export function decodeRsaPublicKey(
  keyBits: Uint8Array,
): (DecodedSpki & { readonly kind: 'rsa' }) | undefined {
  const [key] = derElements(keyBits, 1) ?? [];
  const [n, e] = sequence(key, 2) ?? [];
  const modulus = positive(n);
  const exponent = positive(e);
  if (modulus === undefined || exponent === undefined || exponent.length > 4) return undefined;
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < RSA_BITS.least || bits > RSA_BITS.most) return undefined;
  const value = BigInt(`0x${toHex(exponent)}`);
  const odd = ((modulus.at(-1) ?? 0) & 1) === 1 && value % 2n === 1n;
  return odd && value >= 3n ? { kind: 'rsa', bits, modulus, exponent: value, keyBits } : undefined;
}

/** Contents of the object identifiers of algorithms of keys, hexadecimal. */
const RSA = '2a864886f70d010101';
const EC = '2a8648ce3d0201';

type FixedSize =
  | { readonly kind: 'ed25519' | 'ed448'; readonly bits: number; readonly octets: number }
  | {
      readonly kind: 'ml-dsa';
      readonly level: 44 | 65 | 87;
      readonly bits: number;
      readonly octets: number;
    };

// `bits` of ML-DSA: the symmetric key that is as hard to break (FIPS 204 section 4).
const FIXED: ReadonlyMap<string, FixedSize> = new Map([
  ['2b6570', { kind: 'ed25519', bits: 256, octets: 32 }],
  ['2b6571', { kind: 'ed448', bits: 456, octets: 57 }],
  ['608648016503040311', { kind: 'ml-dsa', level: 44, bits: 128, octets: 1312 }],
  ['608648016503040312', { kind: 'ml-dsa', level: 65, bits: 192, octets: 1952 }],
  ['608648016503040313', { kind: 'ml-dsa', level: 87, bits: 256, octets: 2592 }],
]);

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const NULL = 0x05;
const UNCOMPRESSED = 4;

function ecKey(curve: KnownCurve, keyBits: Uint8Array): DecodedSpki | undefined {
  const point = keyBits.subarray(1);
  if (keyBits[0] !== UNCOMPRESSED || !isOnCurve(curve, point)) return undefined;
  return { kind: 'ecdsa', bits: curve.bits, curve: curve.name, point, keyBits };
}

function sequence(
  element: DerElement | undefined,
  count: number,
): readonly DerElement[] | undefined {
  if (element?.tag !== DerTag.SEQUENCE) return undefined;
  const elements = derElements(element.contents, count);
  return elements?.length === count ? elements : undefined;
}

function isNull(element: DerElement | undefined): boolean {
  return element?.tag === NULL && element.contents.length === 0;
}

/** A positive INTEGER in its shortest form, without the octet that keeps it positive. */
function positive(element: DerElement | undefined): Uint8Array | undefined {
  if (element?.tag !== INTEGER) return undefined;
  const [first, second] = element.contents;
  if (first === undefined || first >= 0x80) return undefined;
  if (first !== 0) return element.contents;
  return second !== undefined && second >= 0x80 ? element.contents.subarray(1) : undefined;
}
