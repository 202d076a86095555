import { printDn } from '../proto/distinguished-name.ts';
import { toHex } from '../util/hex.ts';
import type { Credential } from './stored.ts';

/** A credential as logs name it. */
export function describeCredential(credential: Credential): string {
  switch (credential.type) {
    case 'X509':
      return `certificate '${nameText(credential.value.subject)}'`;
    case 'X509_CRL':
      return `crl issued by '${nameText(credential.value.issuer)}'`;
    case 'X509_AC':
      return `attribute certificate with serial ${toHex(credential.value.serial)}`;
    case 'OCSP_RESPONSE':
      return 'OCSP response';
    case 'PUBKEY':
      return `public key ${credential.value.key.keyId}`;
  }
}

/** A Name as text; what peers send may be none. */
export function nameText(name: Uint8Array): string {
  return printDn(name) ?? '(invalid name)';
}
