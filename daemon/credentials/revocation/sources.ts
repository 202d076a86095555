import type { SourceCertificate } from '../certificate-source.ts';
import type { Certificate, Crl, OcspResponse } from '../x509/certificate.ts';

/** What the operator loaded that says something about revocation, at this moment. */
export interface RevocationSource {
  /** CRLs of an issuer, by its normalized name. */
  crlsOf(issuerKey: string): readonly Crl[];
  ocspResponses(): readonly OcspResponse[];
  /** Certificates with a subject, by its normalized name. */
  bySubject(subjectKey: string): readonly SourceCertificate[];
  /** Certificates of a public key, by its id (40 hex digits). */
  byKeyId(keyId: string): readonly SourceCertificate[];
}

/** Where the operator says that information about a CA's certificates is. */
export interface AuthorityUrls {
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
}

/** Whether the key in a certificate made a signature. Never rejects. */
export interface SignatureCheck {
  verify(
    signer: Certificate,
    signed: Pick<Certificate, 'fingerprint' | 'tbs' | 'scheme' | 'signature' | 'der'>,
  ): boolean | Promise<boolean>;
}

/** What is in effect of strongswan.conf. */
export interface RevocationSettings {
  readonly enableCrl: boolean;
  readonly enableOcsp: boolean;
  /** Milliseconds of one fetch, and of everything that is asked about one chain. */
  readonly timeout: number;
  /** Write fetched CRLs to files. */
  readonly cacheCrls: boolean;
  /** Octets of the nonce in OCSP requests. */
  readonly nonceOctets: number;
}
