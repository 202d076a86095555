import type { CertificateFlag, CredentialType } from '../../contracts/credentials.ts';
import { errorText } from '../../util/error.ts';
import { MAX_VALUE } from '../../vici/element.ts';
import type { CommandContext } from './command.ts';

/** Folders of certificates, and what is said of their files. */
export const CERTIFICATE_FOLDERS: readonly (readonly [
  folder: string,
  type: CredentialType,
  flag: CertificateFlag,
])[] = [
  ['x509', 'X509', 'NONE'],
  ['x509ca', 'X509', 'CA'],
  ['x509ocsp', 'X509', 'OCSP'],
  ['x509aa', 'X509', 'AA'],
  ['x509ac', 'X509_AC', 'NONE'],
  ['x509crl', 'X509_CRL', 'NONE'],
  ['pubkey', 'PUBKEY', 'NONE'],
];

/** Folders of private keys, and the type that is said of their files. */
export const KEY_FOLDERS: readonly (readonly [folder: string, type: 'any' | 'rsa' | 'ecdsa'])[] = [
  ['private', 'any'],
  ['rsa', 'rsa'],
  ['ecdsa', 'ecdsa'],
  ['pkcs8', 'any'],
];

/** Files of a folder; one that is missing is said and is no failure. */
export function filesOf(cx: CommandContext, folder: string): readonly string[] {
  try {
    return cx.files.list(folder);
  } catch (error) {
    cx.terminal.error(`opening directory '${folder}' failed: ${reasonOf(error)}\n`);
    return [];
  }
}

/** The octets of a file, or nothing and a line that says why. */
export function contents(cx: CommandContext, path: string): Uint8Array | undefined {
  try {
    const octets = cx.files.readOctets(path);
    if (octets.length <= MAX_VALUE) return octets;
    cx.terminal.error(`mapping file '${path}' failed: ${tooLong(octets)}, skipped\n`);
  } catch (error) {
    cx.terminal.error(`mapping file '${path}' failed: ${reasonOf(error)}, skipped\n`);
  }
  return undefined;
}

/** Why a file cannot be sent: VICI would carry the beginning of it only. */
export function tooLong({ length }: Uint8Array): string {
  return `${length} octets are more than the ${MAX_VALUE} that VICI carries`;
}

/** The reason as strerror(3) writes it. */
export function reasonOf(error: unknown): string {
  const text = errorText(error);
  return text.charAt(0).toUpperCase() + text.slice(1);
}
