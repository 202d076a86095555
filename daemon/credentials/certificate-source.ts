import type { PublicKey } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import type { AttributeCertificate, Certificate } from './x509/certificate.ts';

/** A certificate that was loaded, and what the operator said of it. */
export interface SourceCertificate {
  readonly certificate: Certificate;
  /** What it was loaded as, in VICI's words. */
  readonly flag: 'NONE' | 'CA' | 'AA' | 'OCSP';
  /**
   * Believed because an operator loaded it: a self-issued `CA` is a trust anchor, a `NONE` is a peer's certificate that needs no
   * chain. Those that are not trusted help to build paths and prove nothing.
   */
  readonly trusted: boolean;
}

/**
 * What is loaded at one moment; it stays as it is, so that a judgement sees one state from beginning to end. Each lookup is one
 * lookup in a Map, however much is loaded.
 */
export interface CertificateSource {
  /** Certificates with this subject, by `subjectKey`. */
  bySubject(subjectKey: string): readonly SourceCertificate[];
  /** Certificates of a public key, by its `keyId` (40 hex digits). */
  byKeyId(keyId: string): readonly SourceCertificate[];
  /** Certificates that prove an identity: it is among their `identities`. */
  byIdentity(identity: Identity): readonly SourceCertificate[];
  /** The certificate of a SHA-256 of its DER, hex. */
  certificate(fingerprint: string): SourceCertificate | undefined;
  /** Raw public keys that were loaded for an identity; one loaded for nobody has its key id as its identity. */
  publicKeys(identity: Identity): readonly PublicKey[];
  /** Attribute certificates whose holder may be this certificate: by its issuer and serial number, its subject, or its digest. */
  attributeCertificates(holder: Certificate): readonly AttributeCertificate[];
}

/** Where the state of this moment comes from. */
export interface CertificateSources {
  snapshot(): CertificateSource;
}
