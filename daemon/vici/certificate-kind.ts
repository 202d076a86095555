import type { CertificateFlag, CredentialType } from '../contracts/credentials.ts';

/** A type as clients write it, and the flag that an old name implies. */
export interface CertificateKind {
  /** `ANY` is every type; `other` one of the protocol that this daemon never has. */
  readonly type: CredentialType | 'ANY' | 'other';
  /** The type's name in the protocol. */
  readonly name: string;
  readonly flag?: CertificateFlag;
}

const LEGACY: ReadonlyMap<string, CertificateKind> = new Map<string, CertificateKind>([
  ['x509ca', { type: 'X509', name: 'X509', flag: 'CA' }],
  ['x509ocsp', { type: 'X509', name: 'X509', flag: 'OCSP' }],
  ['x509aa', { type: 'X509', name: 'X509', flag: 'AA' }],
  ['x509ac', { type: 'X509_AC', name: 'X509_AC' }],
  ['x509crl', { type: 'X509_CRL', name: 'X509_CRL' }],
  ['pubkey', { type: 'PUBKEY', name: 'PUBKEY' }],
]);

const TYPES: ReadonlyMap<string, CertificateKind['type']> = new Map<
  string,
  CertificateKind['type']
>([
  ['ANY', 'ANY'],
  ['X509', 'X509'],
  ['X509_CRL', 'X509_CRL'],
  ['OCSP_REQUEST', 'other'],
  ['OCSP_RESPONSE', 'OCSP_RESPONSE'],
  ['X509_AC', 'X509_AC'],
  ['PUBKEY', 'PUBKEY'],
  ['PKCS10_REQUEST', 'other'],
  ['PGP', 'other'],
]);

const FLAGS: readonly CertificateFlag[] = ['NONE', 'CA', 'AA', 'OCSP'];

/** Names of all types that can be loaded, for error texts. */
export const LOADABLE = 'X509, X509_AC, X509_CRL, PUBKEY, OCSP_RESPONSE';

/** The type of a name, in any case; names that only old clients write imply a flag. */
export function certificateKind(text: string): CertificateKind | undefined {
  const name = text.toUpperCase();
  const type = TYPES.get(name);
  return type === undefined ? LEGACY.get(text.toLowerCase()) : { type, name };
}

/** The flag of a name, in any case. */
export function certificateFlag(text: string): CertificateFlag | 'ANY' | undefined {
  const name = text.toUpperCase();
  return name === 'ANY' ? name : FLAGS.find((flag) => flag === name);
}
