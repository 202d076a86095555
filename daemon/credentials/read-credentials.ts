import type { CertificateFlag, CredentialType, LoadOutcome } from '../contracts/credentials.ts';
import { credentialBlocks } from './credential-blocks.ts';
import { decodeCredential } from './decode-credential.ts';
import { describeDer, describeLabel } from './describe-der.ts';
import type { Credential, LoadedCredential } from './stored.ts';
import type { DecodeTools } from './x509/tools.ts';

/** What was read of a file or a request: everything in it, or why nothing. */
export type ReadResult =
  | { readonly ok: true; readonly credentials: readonly LoadedCredential[] }
  | Extract<LoadOutcome, { readonly ok: false }>;

/** What is read, and as what. */
export interface CredentialText {
  readonly type: CredentialType;
  readonly flag: CertificateFlag;
  /** PEM with any number of blocks, or DER. */
  readonly data: Uint8Array;
}

interface Expected {
  readonly words: string;
  readonly labels: readonly string[];
}

const EXPECTED: Readonly<Record<CredentialType, Expected>> = {
  X509: { words: 'a certificate', labels: ['CERTIFICATE', 'X509 CERTIFICATE'] },
  X509_AC: { words: 'an attribute certificate', labels: ['ATTRIBUTE CERTIFICATE'] },
  X509_CRL: { words: 'a CRL', labels: ['X509 CRL', 'CRL'] },
  OCSP_RESPONSE: { words: 'an OCSP response', labels: ['OCSP RESPONSE'] },
  PUBKEY: { words: 'a public key', labels: ['PUBLIC KEY', 'RSA PUBLIC KEY'] },
};

/**
 * Decodes all that a PEM text or DER holds. An operator's word counts for the first certificate and for every CA certificate of a file of CAs.
 * Certificates that follow an end entity are its chain, as web servers are given it: they help to build paths, and are no trust anchors. In a PKCS#7
 * bundle, which has no order, that goes for all CA certificates.
 */
export function readCredentials(text: CredentialText, tools: DecodeTools): ReadResult {
  const { type, flag, data } = text;
  const { words, labels } = EXPECTED[type];
  const given = credentialBlocks(data, type);
  if (!given.ok) return garbage(`found ${given.reason}, expected ${words}`);
  const credentials: LoadedCredential[] = [];
  const { blocks } = given;
  for (const [index, { label, der, bundled }] of blocks.entries()) {
    const where = blocks.length > 1 ? `block ${index + 1}: ` : '';
    if (label !== undefined && !labels.includes(label))
      return garbage(`${where}found ${describeLabel(label)}, expected ${words}`);
    const decoded = decodeCredential(type, der, tools);
    if (!decoded.ok) {
      const found = describeDer(der);
      return garbage(
        found === words ? `${where}${decoded.reason}` : `${where}found ${found}, expected ${words}`,
      );
    }
    const credential = flagged(decoded.credential, flag);
    if (type === 'X509' && flag === 'CA' && !isCa(credential)) {
      const explanation = `${where}its basicConstraints do not say CA, load it as an end entity certificate`;
      return { ok: false, reason: 'not-a-ca', explanation };
    }
    const first = bundled ? !isCa(credential) : index === 0;
    credentials.push({ credential, trusted: first || flag === 'CA' || type !== 'X509' });
  }
  return { ok: true, credentials };
}

function flagged(credential: Credential, flag: CertificateFlag): Credential {
  if (credential.type !== 'X509') return credential;
  return { ...credential, flag: isCa(credential) ? 'CA' : flag };
}

function isCa(credential: Credential): boolean {
  return credential.type === 'X509' && credential.value.basicConstraints?.ca === true;
}

function garbage(explanation: string): ReadResult {
  return { ok: false, reason: 'garbage', explanation };
}
