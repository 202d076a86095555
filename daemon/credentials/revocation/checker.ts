import type { TrustConstraints } from '../trust.ts';
import type { Certificate, Crl, OcspResponse } from '../x509/certificate.ts';

/** A question about one certificate of a chain that is trusted in every other respect. */
export interface RevocationQuestion {
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** The whole chain, from the end entity to the trust anchor. */
  readonly chain: readonly Certificate[];
  /** What will be made of the answer: where no answer is needed none has to be waited for longer than it takes. */
  readonly policy: TrustConstraints['revocation'];
  /** What the peer sent along; nothing of it has been verified. */
  readonly receivedCrls: readonly Crl[];
  readonly receivedOcsp: readonly OcspResponse[];
  /**
   * Moment of the monotonic clock at which the judging of the peer began: all that is asked about its chain has one time limit together. Now
   * if it is left out.
   */
  readonly since?: number;
}

/**
 * What is known: `stale` is an answer that is out of date, `unavailable` none at all although there is somewhere to ask, `skipped`
 * that neither the certificate nor the configuration names anywhere to ask. `reason` is a sentence for the log.
 */
export type RevocationStatus =
  | { readonly status: 'good' }
  | {
      readonly status: 'revoked';
      /** Milliseconds since 1970. */
      readonly revokedAt: number;
      /** RFC 5280 section 5.3.1, `unspecified` if none is given. */
      readonly reason: string;
    }
  | { readonly status: 'stale' | 'unavailable' | 'skipped'; readonly reason: string };

/** Whether certificates were revoked. */
export interface RevocationChecker {
  /**
   * Never rejects, and answers at once where there is nothing to look at. The caller asks for one certificate after the other, the nearest
   * to the trust anchor first.
   */
  check(question: RevocationQuestion): RevocationStatus | Promise<RevocationStatus>;
}

/** What a path may be needed for, beside authentication: only the certificate at its end differs. */
export type SignerPurpose = 'crl' | 'ocsp';

/** A path from a certificate to a trust anchor, without revocation; `reason` says why there is none. */
export type SignerPath =
  | { readonly ok: true; readonly chain: readonly Certificate[] }
  | { readonly ok: false; readonly reason: string };

/** Finds out whether a certificate whose owner signs revocation information comes from a trust anchor. */
export interface SignerPaths {
  /** `candidates` are certificates that may lie between. RFC 5280 section 6.1, no revocation. Never rejects. */
  find(
    signer: Certificate,
    purpose: SignerPurpose,
    candidates: readonly Certificate[],
  ): Promise<SignerPath>;
}
