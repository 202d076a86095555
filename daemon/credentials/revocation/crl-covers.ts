import type { Certificate, Crl, DistributionPoint } from '../x509/certificate.ts';
import { directoryKeys, generalNameTexts, pointNames } from './point-names.ts';

/**
 * Whether a CRL speaks about a certificate at one of its distribution points, RFC 5280 section 6.3.3 (b): issued by the right
 * issuer, and with a scope that contains the certificate. Who signed it is another question.
 */
export function crlCovers(crl: Crl, certificate: Certificate, point: DistributionPoint): boolean {
  if (crl.unknownCritical.length > 0) return false;
  return isFromIssuer(crl, certificate, point) && isInScope(crl, certificate, point);
}

/** Names of the issuers whose CRLs may answer at a point, normalized. */
export function crlIssuersOf(
  certificate: Certificate,
  point: DistributionPoint,
): readonly string[] {
  return point.crlIssuers.length === 0 ? [certificate.issuerKey] : directoryKeys(point.crlIssuers);
}

function isFromIssuer(crl: Crl, certificate: Certificate, point: DistributionPoint): boolean {
  if (point.crlIssuers.length === 0) return crl.issuerKey === certificate.issuerKey;
  // Who names an issuer of CRLs wants one that speaks about others' certificates, or names itself.
  const isIndirect = crl.issuingDistributionPoint?.indirect === true;
  if (!isIndirect && crl.issuerKey !== certificate.issuerKey) return false;
  return directoryKeys(point.crlIssuers).includes(crl.issuerKey);
}

function isInScope(crl: Crl, certificate: Certificate, point: DistributionPoint): boolean {
  const scope = crl.issuingDistributionPoint;
  if (scope === undefined) return true;
  const isCa = certificate.basicConstraints?.ca === true;
  if (scope.onlyAttributeCerts) return false;
  if (scope.onlyUserCerts && isCa) return false;
  if (scope.onlyCaCerts && !isCa) return false;
  const named = pointNames(scope.point, crl.issuerKey);
  if (named.size === 0) return true;
  const own = pointNames(point, crl.issuerKey);
  const wanted = own.size > 0 ? own : generalNameTexts(point.crlIssuers);
  return [...wanted].some((name) => named.has(name));
}
