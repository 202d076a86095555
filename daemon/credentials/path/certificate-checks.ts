import type { StrengthConstraints } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';
import { failure, nameOf, type PathFailure, printTime } from './failure.ts';
import { type WeakAlgorithms, weakKey, weakSignature } from './strength.ts';

/** What a certificate is judged by, wherever in a path it is. */
export interface CertificateRules {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly strength: StrengthConstraints;
  readonly weak: WeakAlgorithms;
  /** Whether critical extensions that we do not process make a certificate unusable: they must, RFC 5280 section 4.2. */
  readonly enforceCritical: boolean;
}

/** Why a certificate may be in no path at all, `undefined` if it may. */
export function checkCertificate(
  certificate: Certificate,
  rules: CertificateRules,
): PathFailure | undefined {
  const name = nameOf(certificate);
  const invalid = checkValidity(certificate, rules.time);
  if (invalid !== undefined) return invalid;
  const [unknown] = certificate.unknownCritical;
  if (unknown !== undefined && rules.enforceCritical)
    return failure(
      'cert-validation-failed',
      `critical '${unknown}' extension not supported, found in ${name}`,
    );
  if (certificate.publicKey === undefined)
    return failure('cert-validation-failed', `${name} has a public key of an unsupported kind`);
  const weak = weakKey(certificate.publicKey, rules.strength, rules.weak);
  return weak === undefined
    ? undefined
    : failure('cert-policy-violation', `${name} cannot be used: ${weak}`);
}

/** Whether a certificate is valid at a moment, both ends included (RFC 5280 section 4.1.2.5). */
export function checkValidity(certificate: Certificate, time: number): PathFailure | undefined {
  const { notBefore, notAfter } = certificate;
  if (time >= notBefore && time <= notAfter) return undefined;
  const when =
    time < notBefore
      ? `is not valid before ${printTime(notBefore)}`
      : `expired on ${printTime(notAfter)}`;
  return failure('cert-expired', `${nameOf(certificate)} ${when}, it is ${printTime(time)}`);
}

/** Why the signature of a certificate cannot be believed, whoever made it; a trust anchor's own does not matter. */
export function checkSignatureKind(
  certificate: Pick<Certificate, 'scheme' | 'subject'>,
  { strength, weak }: CertificateRules,
): PathFailure | undefined {
  const { scheme } = certificate;
  if (scheme === undefined)
    return failure(
      'cert-validation-failed',
      `${nameOf(certificate)} is signed with an unsupported algorithm`,
    );
  const reason = weakSignature(scheme, strength, weak);
  return reason === undefined
    ? undefined
    : failure('cert-policy-violation', `${nameOf(certificate)} cannot be used: ${reason}`);
}

/** Why a certificate may issue no others, RFC 5280 section 6.1.4 (k) and (n). */
export function checkIssuer({
  subject,
  basicConstraints,
  keyUsage,
}: Certificate): PathFailure | undefined {
  const name = nameOf({ subject });
  if (basicConstraints?.ca !== true)
    return failure('cert-validation-failed', `issuer ${name} is not a CA certificate`);
  if (keyUsage !== undefined && !keyUsage.has('keyCertSign'))
    return failure('cert-validation-failed', `issuer ${name} must not sign certificates`);
  return undefined;
}

const ANY_USAGE = '2.5.29.37.0';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';

/** Purposes of certificates that authenticate in IKE: what CAs for VPNs, and for servers and clients of TLS, put in. */
const ikePurposes: ReadonlySet<string> = new Set([
  ANY_USAGE,
  '1.3.6.1.5.5.7.3.17', // ipsecIKE, RFC 4945 section 5.1.3.12
  '1.3.6.1.5.5.8.2.2', // iKEIntermediate, what older systems ask for
  '1.3.6.1.5.5.7.3.5', // ipsecEndSystem, ipsecTunnel, ipsecUser
  '1.3.6.1.5.5.7.3.6',
  '1.3.6.1.5.5.7.3.7',
  '1.3.6.1.5.5.7.3.1', // serverAuth
  '1.3.6.1.5.5.7.3.2', // clientAuth
]);

/** What the certificate at the end of a path is used for. */
export type PathPurpose = 'peer' | 'crl' | 'ocsp';

/** Why a certificate may not be used for this, RFC 4945 section 5.1.3; without the extensions it may. */
export function checkPurpose(
  certificate: Certificate,
  purpose: PathPurpose,
): PathFailure | undefined {
  const { keyUsage, extendedKeyUsage } = certificate;
  const refuse = (reason: string): PathFailure =>
    failure('cert-validation-failed', `${nameOf(certificate)} ${reason}`);
  switch (purpose) {
    case 'peer':
      if (keyUsage && !keyUsage.has('digitalSignature') && !keyUsage.has('nonRepudiation'))
        return refuse('must not be used for signatures: its key usage does not allow them');
      if (extendedKeyUsage && !extendedKeyUsage.some((usage) => ikePurposes.has(usage)))
        return refuse(
          `must not be used for IKE: it is for ${extendedKeyUsage.join(', ')} only (extended key usage)`,
        );
      return undefined;
    case 'crl':
      return keyUsage && !keyUsage.has('cRLSign') ? refuse('must not sign CRLs') : undefined;
    case 'ocsp':
      return extendedKeyUsage?.includes(OCSP_SIGNING) === true
        ? undefined
        : refuse('must not sign OCSP responses: its extended key usage does not say so');
  }
}
