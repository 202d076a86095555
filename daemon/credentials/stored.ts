import type { CertificateFlag } from '../contracts/credentials.ts';
import type { PublicKey } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import type { AttributeCertificate, Certificate, Crl, OcspResponse } from './x509/certificate.ts';

/** A public key without a certificate (RFC 7670). */
export interface RawPublicKey {
  readonly kind: 'pubkey';
  readonly key: PublicKey;
  /** Whose it is, where a connection says so. */
  readonly subject?: Identity;
  /** SubjectPublicKeyInfo. */
  readonly der: Uint8Array;
  /** SHA-256 of `der`, hex. */
  readonly fingerprint: string;
}

/** A credential with the type that says how to read it. */
export type Credential =
  | { readonly type: 'X509'; readonly flag: CertificateFlag; readonly value: Certificate }
  | { readonly type: 'X509_AC'; readonly value: AttributeCertificate }
  | { readonly type: 'X509_CRL'; readonly value: Crl }
  | { readonly type: 'OCSP_RESPONSE'; readonly value: OcspResponse }
  | { readonly type: 'PUBKEY'; readonly value: RawPublicKey };

/**
 * Why something is in the store; what one origin brought goes when it goes. `vici` is load-cert, the others name an authority, a
 * connection or a file.
 */
export type Origin = 'vici' | `authority:${string}` | `connection:${string}` | `file:${string}`;

/** A credential as it was handed in. */
export interface LoadedCredential {
  readonly credential: Credential;
  /**
   * Believed because an operator loaded it: CA certificates are trust anchors. Certificates that only came along, such as
   * intermediates after the first one of a PEM file, help to build paths and prove nothing.
   */
  readonly trusted: boolean;
}

/** A credential in the store, with what all of its origins say of it. */
export interface StoredCredential extends LoadedCredential {
  /** Position in the order of loading. */
  readonly order: number;
}
