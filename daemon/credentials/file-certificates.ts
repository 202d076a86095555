import type { CertificateFolder } from '../contracts/credential-files.ts';
import type { CertificateFlag, CredentialType } from '../contracts/credentials.ts';
import type { LoadedCredential } from './stored.ts';
import type { Certificate } from './x509/certificate.ts';

/** As what the files of a folder are loaded. */
export interface FolderKind {
  readonly type: CredentialType;
  readonly flag: CertificateFlag;
}

/** The folders of a swanctl directory that hold certificates and the like. */
export const FOLDER_KINDS: Readonly<Record<CertificateFolder, FolderKind>> = {
  x509: { type: 'X509', flag: 'NONE' },
  x509ca: { type: 'X509', flag: 'CA' },
  x509aa: { type: 'X509', flag: 'AA' },
  x509ocsp: { type: 'X509', flag: 'OCSP' },
  x509ac: { type: 'X509_AC', flag: 'NONE' },
  x509crl: { type: 'X509_CRL', flag: 'NONE' },
  pubkey: { type: 'PUBKEY', flag: 'NONE' },
};

/** What is known about the private keys of this host. */
export interface KeyKnowledge {
  /** Whether the private key of an id is here. */
  has(keyId: string): boolean;
  /** Ids of keys in files whose name, without its ending, is that of this file. */
  beside(path: string): readonly string[];
}

/** Why a certificate file must not be used now; `until` is when that changes by itself. */
export interface Refusal {
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly until?: number;
}

/**
 * Whether the contents of a file may replace what was read of it before. The first certificate counts, which is whose the file is: expired or
 * not yet valid it would end authentication that works now, and so would one whose private key is not here, if it is our own.
 */
export function refusalOf(
  path: string,
  fresh: readonly LoadedCredential[],
  current: readonly LoadedCredential[],
  keys: KeyKnowledge,
  now: number,
): Refusal | undefined {
  const certificate = leafOf(fresh);
  if (certificate === undefined) return undefined;
  const { notBefore, notAfter } = certificate;
  if (now > notAfter) return { reason: `the certificate expired on ${dateText(notAfter)}` };
  if (now < notBefore) {
    return {
      reason: `the certificate is not valid before ${dateText(notBefore)}`,
      until: notBefore,
    };
  }
  return keyMismatch(path, certificate, leafOf(current), keys);
}

function keyMismatch(
  path: string,
  { publicKey, basicConstraints }: Certificate,
  current: Certificate | undefined,
  keys: KeyKnowledge,
): Refusal | undefined {
  if (basicConstraints?.ca === true) return undefined;
  if (publicKey !== undefined && keys.has(publicKey.keyId)) return undefined;
  const shown = publicKey === undefined ? 'of a kind that is not supported' : publicKey.keyId;
  if (current?.publicKey !== undefined && keys.has(current.publicKey.keyId)) {
    return {
      reason: `the certificate and the private key do not belong together: its public key is ${shown}, and no private key of it is here as there is for the one in use`,
    };
  }
  const [beside] = keys.beside(path);
  if (beside === undefined) return undefined;
  return {
    reason: `the certificate and the private key do not belong together: its public key is ${shown}, the private key in the file of the same name is ${beside}`,
  };
}

/** The certificate whose the file is. */
export function leafOf(credentials: readonly LoadedCredential[]): Certificate | undefined {
  const [first] = credentials;
  return first?.credential.type === 'X509' ? first.credential.value : undefined;
}

function dateText(millis: number): string {
  return new Date(millis).toISOString();
}
