import type { CertificateSources } from './certificate-source.ts';
import type { PeerTrust } from './trust.ts';
import type { Certificate } from './x509/certificate.ts';

/** What authentication with public keys works with, beside cryptography. */
export interface PublicKeyServices {
  /** Who believes what peers prove. */
  readonly trust: PeerTrust;
  readonly certificates: CertificateSources;
  /** CA certificates that are trusted, in the order of loading: what peers are asked for. */
  authorities(): readonly Certificate[];
  /** Where a peer can fetch a certificate of ours, RFC 7296 section 3.6; `undefined` if nowhere. */
  certificateUrl?(certificate: Certificate): string | undefined;
  /**
   * The certificate behind a hash and URL, DER, if what is fetched has the hash (SHA-1, 20 octets). Bounded in time and size, never
   * rejects.
   */
  fetchCertificate?(hash: Uint8Array, url: string): Promise<Uint8Array | undefined>;
  /** A current OCSP response for a certificate of ours, DER, for peers that ask for it (RFC 4806). Bounded in time, never rejects. */
  ocspResponse?(certificate: Certificate, issuer: Certificate): Promise<Uint8Array | undefined>;
}
