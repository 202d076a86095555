import type { Crl, DistributionPoint } from '../x509/certificate.ts';

/** Every reason for which a CRL may be asked, RFC 5280 section 4.2.1.13: a certificate is good when all are covered. */
export const ALL_REASONS: ReadonlySet<string> = new Set([
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
]);

/** The reasons that a CRL answers for at a distribution point, RFC 5280 section 6.3.3 (d). */
export function reasonsCovered(crl: Crl, point: DistributionPoint): ReadonlySet<string> {
  const ofCrl = crl.issuingDistributionPoint?.point.reasons ?? ALL_REASONS;
  const ofPoint = point.reasons ?? ALL_REASONS;
  return new Set([...ALL_REASONS].filter((reason) => ofCrl.has(reason) && ofPoint.has(reason)));
}
