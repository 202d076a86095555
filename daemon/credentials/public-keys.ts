import type { CertificateSources } from './certificate-source.ts';
import type { HashAndUrlResult } from './hash-and-url.ts';
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
  certificateUrl(certificate: Certificate): string | undefined;
  /** The certificate behind a hash (SHA-1) and URL. Bounded in time and size, never rejects. */
  fetchCertificate(hash: Uint8Array, url: string): Promise<HashAndUrlResult>;
  /**
   * Current OCSP responses for certificates of ours, DER, for peers that ask for them (RFC 4806); the chain begins with ours and ends with
   * the root. Bounded in time, never rejects.
   */
  staple(chain: readonly Certificate[]): Promise<readonly Uint8Array[]>;
}
