import { ecdsaNumbers } from './ecdsa-signature.ts';
import { isCanonicalEdwards } from './edwards.ts';
import type { DecodedSpki } from './spki.ts';

/** What must be known of a scheme to judge the form of a signature. */
export interface SignatureForm {
  readonly kind: string;
  readonly encoding?: 'der' | 'raw';
  readonly saltOctets?: number;
}

/** Octets of an ML-DSA signature (FIPS 204 table 2). */
const ML_DSA = { 44: 2420, 65: 3309, 87: 4627 } as const;

/**
 * The signature in the one form that arithmetic takes (ECDSA: r and s joined), or `undefined` if it cannot be right: made by a scheme for other
 * keys, of another size than the key asks for, lax DER, numbers out of range.
 */
export function strictSignature(
  key: DecodedSpki,
  scheme: SignatureForm,
  signature: Uint8Array,
): Uint8Array | undefined {
  switch (key.kind) {
    case 'rsa': {
      const { kind, saltOctets = 0 } = scheme;
      const fits = kind === 'rsa-pkcs1' || (kind === 'rsa-pss' && isLength(saltOctets));
      return fits && signature.length === key.modulus.length ? signature : undefined;
    }
    case 'ecdsa':
      if (scheme.kind !== 'ecdsa' || scheme.encoding === undefined) return undefined;
      return ecdsaNumbers(key.curve, scheme.encoding, signature);
    case 'ed25519':
    case 'ed448':
      if (scheme.kind !== key.kind) return undefined;
      return isCanonicalEdwards(key.kind, signature) ? signature : undefined;
    case 'ml-dsa':
      if (scheme.kind !== 'ml-dsa') return undefined;
      return signature.length === ML_DSA[key.level] ? signature : undefined;
  }
}

// A negative one would mean "any" to OpenSSL.
function isLength(octets: number): boolean {
  return Number.isInteger(octets) && octets >= 0 && octets <= 2048;
}
