import { generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Kinds of keys that tests sign with. */
export type TestKeyKind =
  | 'rsa2048'
  | 'p256'
  | 'p384'
  | 'p521'
  | 'brainpoolP256r1'
  | 'brainpoolP384r1'
  | 'brainpoolP512r1'
  | 'ed25519'
  | 'ed448'
  | 'ml-dsa-44'
  | 'ml-dsa-65'
  | 'ml-dsa-87';

const CURVES = {
  p256: 'prime256v1',
  p384: 'secp384r1',
  p521: 'secp521r1',
  brainpoolP256r1: 'brainpoolP256r1',
  brainpoolP384r1: 'brainpoolP384r1',
  brainpoolP512r1: 'brainpoolP512r1',
} as const;

/** A fresh pair. */
export function keyPair(kind: TestKeyKind): {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
} {
  switch (kind) {
    case 'rsa2048':
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
    case 'ed448':
      return generateKeyPairSync('ed448');
    case 'ml-dsa-44':
      return generateKeyPairSync('ml-dsa-44');
    case 'ml-dsa-65':
      return generateKeyPairSync('ml-dsa-65');
    case 'ml-dsa-87':
      return generateKeyPairSync('ml-dsa-87');
    default:
      return generateKeyPairSync('ec', { namedCurve: CURVES[kind] });
  }
}

/** PKCS#8, DER: a new array each time, since whoever loads it wipes it. */
export function pkcs8Of(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'pkcs8', format: 'der' }));
}

/** PKCS#8, PEM. */
export function pemOf(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** SubjectPublicKeyInfo, DER. */
export function spkiOf(key: KeyObject): Uint8Array {
  return new Uint8Array(key.export({ type: 'spki', format: 'der' }));
}
