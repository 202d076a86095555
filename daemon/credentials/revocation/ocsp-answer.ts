import { equalBytes } from '../../util/bytes.ts';
import type { OcspCertId, OcspResponse, OcspSingleResponse } from '../x509/certificate.ts';
import { CLOCK_SKEW, currencyOf } from './currency.ts';

/** Computes how OCSP names one certificate, with the hash that the responder chose. */
export type CertIdOf = (hash: OcspCertId['hash']) => OcspCertId | undefined;

/** What a response says about one certificate at a moment; `why` is for the log. */
export type OcspAnswer =
  | { readonly kind: 'good' | 'revoked'; readonly single: OcspSingleResponse }
  | { readonly kind: 'unusable'; readonly isStale: boolean; readonly why: string };

/**
 * Reads what a response says about a certificate, RFC 6960 section 3.2; who signed it is another question. Of several answers
 * about the same certificate a revocation counts most, then the newest.
 */
export function answerAbout(response: OcspResponse, certId: CertIdOf, now: number): OcspAnswer {
  if (response.unknownCritical.length > 0) {
    return unusable(`it has an unknown critical extension ${response.unknownCritical[0]}`);
  }
  if (response.producedAt > now + CLOCK_SKEW) return unusable('it was produced in the future');
  const own = response.responses.filter(({ id }) => sameCertId(id, certId(id.hash)));
  if (own.length === 0) return unusable('it is about other certificates');
  const current = own.filter((single) => currencyOf(single, 'ocsp', now) === 'current');
  if (current.length === 0) {
    const isStale = own.some((single) => currencyOf(single, 'ocsp', now) === 'stale');
    return { kind: 'unusable', isStale, why: isStale ? 'it is stale' : 'it is not valid yet' };
  }
  const newest = current.reduce((a, b) => (b.thisUpdate > a.thisUpdate ? b : a));
  const single = current.find(({ status }) => status === 'revoked') ?? newest;
  if (single.status === 'unknown') return unusable('the responder does not know the certificate');
  return { kind: single.status, single };
}

function sameCertId(one: OcspCertId, other: OcspCertId | undefined): boolean {
  return (
    other !== undefined &&
    equalBytes(one.serial, other.serial) &&
    equalBytes(one.issuerKeyHash, other.issuerKeyHash) &&
    equalBytes(one.issuerNameHash, other.issuerNameHash)
  );
}

function unusable(why: string): OcspAnswer {
  return { kind: 'unusable', isStale: false, why };
}
