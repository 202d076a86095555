import type { SignatureHash, SignatureScheme } from '../contracts/signatures.ts';
import { DerTag, derElement } from '../proto/der.ts';
import { oidOctets } from '../proto/oid.ts';
import { concatBytes } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';

/** Octets of each hash, which are the salt of RSASSA-PSS too. */
export const hashOctets: Readonly<Record<SignatureHash, number>> = {
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha3-224': 28,
  'sha3-256': 32,
  'sha3-384': 48,
  'sha3-512': 64,
};

type Row = readonly [hash: SignatureHash, oid: string, rsa: string, ecdsa: string];

/** OIDs of the hash, of PKCS#1 v1.5 with it (RFC 8017), of ECDSA with it (RFC 5758); SHA-3 as in FIPS 202. */
const rows: readonly Row[] = [
  ['sha1', '1.3.14.3.2.26', '1.2.840.113549.1.1.5', '1.2.840.10045.4.1'],
  ['sha224', '2.16.840.1.101.3.4.2.4', '1.2.840.113549.1.1.14', '1.2.840.10045.4.3.1'],
  ['sha256', '2.16.840.1.101.3.4.2.1', '1.2.840.113549.1.1.11', '1.2.840.10045.4.3.2'],
  ['sha384', '2.16.840.1.101.3.4.2.2', '1.2.840.113549.1.1.12', '1.2.840.10045.4.3.3'],
  ['sha512', '2.16.840.1.101.3.4.2.3', '1.2.840.113549.1.1.13', '1.2.840.10045.4.3.4'],
  ['sha3-224', '2.16.840.1.101.3.4.2.7', '2.16.840.1.101.3.4.3.13', '2.16.840.1.101.3.4.3.9'],
  ['sha3-256', '2.16.840.1.101.3.4.2.8', '2.16.840.1.101.3.4.3.14', '2.16.840.1.101.3.4.3.10'],
  ['sha3-384', '2.16.840.1.101.3.4.2.9', '2.16.840.1.101.3.4.3.15', '2.16.840.1.101.3.4.3.11'],
  ['sha3-512', '2.16.840.1.101.3.4.2.10', '2.16.840.1.101.3.4.3.16', '2.16.840.1.101.3.4.3.12'],
];

const NULL = Uint8Array.of(0x05, 0x00);
const ABSENT = new Uint8Array();
const RSASSA_PSS = '1.2.840.113549.1.1.10';
const MGF1 = '1.2.840.113549.1.1.8';

const mlDsa: readonly (readonly [level: 44 | 65 | 87, oid: string])[] = [
  [44, '2.16.840.1.101.3.4.3.17'],
  [65, '2.16.840.1.101.3.4.3.18'],
  [87, '2.16.840.1.101.3.4.3.19'],
];

const strict = new Map<string, SignatureScheme>();
const absentParameters = new Map<string, SignatureScheme>();
const encodings = new Map<string, Uint8Array>();

fillTables();

/**
 * The scheme of an AlgorithmIdentifier, which is compared octet by octet with those there are: parameters are NULL for PKCS#1 v1.5 and
 * absent for ECDSA, EdDSA and ML-DSA; those of RSASSA-PSS name one hash twice and its length as salt. `undefined` is anything else.
 * This is the form of RFC 7427 AUTH payloads; certificates may be laxer: {@link schemeOfSignedObject}.
 */
export function schemeOfAlgorithm(der: Uint8Array): SignatureScheme | undefined {
  return der.length <= LONGEST ? strict.get(toHex(der)) : undefined;
}

/** The same for certificates and CRLs: PKCS#1 v1.5 without parameters is accepted, as RFC 4055 section 5 demands. */
export function schemeOfSignedObject(der: Uint8Array): SignatureScheme | undefined {
  if (der.length > LONGEST) return undefined;
  const key = toHex(der);
  return strict.get(key) ?? absentParameters.get(key);
}

/**
 * DER of the AlgorithmIdentifier of a scheme, as RFC 7427 appendix A has it; `level` tells ML-DSA keys apart. `undefined` if there is none:
 * joined ECDSA values (RFC 4754) and salts of other lengths.
 */
export function algorithmOfScheme(
  scheme: SignatureScheme,
  level?: 44 | 65 | 87,
): Uint8Array | undefined {
  if (scheme.kind === 'ml-dsa') return encodings.get(`ml-dsa/${level}`);
  return encodings.get(nameOf(scheme));
}

/** Longer than any of the tables. */
const LONGEST = 128;

function nameOf(scheme: SignatureScheme): string {
  switch (scheme.kind) {
    case 'rsa-pss':
      return `${scheme.kind}/${scheme.hash}/${scheme.saltOctets}`;
    case 'rsa-pkcs1':
      return `${scheme.kind}/${scheme.hash}`;
    case 'ecdsa':
      return `${scheme.kind}/${scheme.hash}/${scheme.encoding}`;
    default:
      return scheme.kind;
  }
}

function fillTables(): void {
  for (const [hash, oid, rsa, ecdsa] of rows) {
    add(algorithm(rsa, NULL), { kind: 'rsa-pkcs1', hash });
    absentParameters.set(toHex(algorithm(rsa, ABSENT)), { kind: 'rsa-pkcs1', hash });
    add(algorithm(ecdsa, ABSENT), { kind: 'ecdsa', hash, encoding: 'der' });
    const scheme = { kind: 'rsa-pss', hash, saltOctets: hashOctets[hash] } as const;
    for (const parameters of pssParameters(hash, oid))
      add(algorithm(RSASSA_PSS, parameters), scheme);
  }
  add(algorithm('1.3.101.112', ABSENT), { kind: 'ed25519' });
  add(algorithm('1.3.101.113', ABSENT), { kind: 'ed448' });
  for (const [level, oid] of mlDsa) {
    const der = algorithm(oid, ABSENT);
    strict.set(toHex(der), { kind: 'ml-dsa' });
    encodings.set(`ml-dsa/${level}`, der);
  }
}

// The first encoding of a scheme is the one that is sent.
function add(der: Uint8Array, scheme: SignatureScheme): void {
  strict.set(toHex(der), scheme);
  if (!encodings.has(nameOf(scheme))) encodings.set(nameOf(scheme), der);
}

// Hash identifiers have NULL or nothing as parameters (RFC 4055 section 2.1); defaults are left out in DER, yet the trailer is often there.
function pssParameters(hash: SignatureHash, oid: string): Uint8Array[] {
  const found: Uint8Array[] = [];
  const salt = derElement(0xa2, derElement(0x02, Uint8Array.of(hashOctets[hash])));
  const trailer = derElement(0xa3, derElement(0x02, Uint8Array.of(1)));
  if (hash === 'sha1') found.push(derElement(DerTag.SEQUENCE));
  for (const end of [ABSENT, trailer]) {
    for (const inner of [NULL, ABSENT]) {
      for (const outer of [NULL, ABSENT]) {
        const hashField = derElement(0xa0, algorithm(oid, outer));
        const mask = derElement(0xa1, algorithm(MGF1, algorithm(oid, inner)));
        found.push(derElement(DerTag.SEQUENCE, hashField, mask, salt, end));
      }
    }
  }
  return found;
}

function algorithm(oid: string, parameters: Uint8Array): Uint8Array {
  return derElement(
    DerTag.SEQUENCE,
    concatBytes(derElement(DerTag.OID, oidOctets(oid)), parameters),
  );
}
