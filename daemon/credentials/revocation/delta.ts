import { equalBytes } from '../../util/bytes.ts';
import type { Crl } from '../x509/certificate.ts';
import { pointNames } from './point-names.ts';
import { ALL_REASONS } from './reasons.ts';

/**
 * Whether a delta CRL continues a complete one, RFC 5280 sections 5.2.4 and 6.3.3 (c): same issuer and scope, made for this base
 * or an older one, and newer than it. Who signed it is another question.
 */
export function deltaContinues(delta: Crl, base: Crl): boolean {
  const { baseCrlNumber, crlNumber } = delta;
  if (baseCrlNumber === undefined || crlNumber === undefined || base.crlNumber === undefined) {
    return false;
  }
  return (
    delta.unknownCritical.length === 0 &&
    delta.issuerKey === base.issuerKey &&
    sameKeyId(delta, base) &&
    scopeText(delta) === scopeText(base) &&
    baseCrlNumber <= base.crlNumber &&
    base.crlNumber <= crlNumber
  );
}

function sameKeyId(delta: Crl, base: Crl): boolean {
  const one = delta.authorityKeyId?.keyId;
  const other = base.authorityKeyId?.keyId;
  if (one === undefined || other === undefined) return one === other;
  return equalBytes(one, other);
}

/** A text that is equal if the issuing distribution points of two CRLs are. */
export function scopeText(crl: Crl): string {
  const scope = crl.issuingDistributionPoint;
  if (scope === undefined) return '';
  const reasons = [...ALL_REASONS].filter((reason) => scope.point.reasons?.has(reason) ?? true);
  return JSON.stringify([
    [...pointNames(scope.point, crl.issuerKey)].sort(),
    reasons,
    scope.onlyUserCerts,
    scope.onlyCaCerts,
    scope.onlyAttributeCerts,
    scope.indirect,
  ]);
}
