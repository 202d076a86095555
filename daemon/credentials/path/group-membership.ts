import type { Crypto } from '../../contracts/crypto.ts';
import { foldCase } from '../../proto/ascii-case.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-print.ts';
import { ConfiguredIdType as T } from '../../proto/identity-types.ts';
import { equalBytes } from '../../util/bytes.ts';
import type { CertificateSource } from '../certificate-source.ts';
import type { AttributeCertificate, AttributeHolder, Certificate } from '../x509/certificate.ts';
import { nameKey } from '../x509/names.ts';
import {
  type CertificateRules,
  checkCertificate,
  checkSignatureKind,
} from './certificate-checks.ts';
import { failure, type PathFailure } from './failure.ts';
import type { VerifiedSignatures } from './verified-signatures.ts';

/** What is needed to find out about groups. */
export interface GroupSetup {
  readonly source: CertificateSource;
  readonly signatures: VerifiedSignatures;
  readonly rules: CertificateRules;
  readonly crypto: Pick<Crypto, 'hash'>;
}

const MAX_SIGNATURES = 20;

/**
 * Why the holder of a certificate is in none of the groups, `undefined` if it is in one, or none is asked for: an attribute certificate
 * (RFC 5755) must say so that is valid now and signed by an authority which was loaded as one (flag AA).
 */
export async function checkGroups(
  holder: Certificate,
  groups: readonly Identity[],
  setup: GroupSetup,
): Promise<PathFailure | undefined> {
  if (groups.length === 0) return undefined;
  let left = MAX_SIGNATURES;
  for (const attributes of setup.source.attributeCertificates(holder)) {
    if (!groups.some((group) => attributes.groups.some(({ value }) => isGroup(group, value))))
      continue;
    if (!isUsable(attributes, setup.rules) || !isHolder(attributes.holder, holder, setup)) continue;
    for (const { certificate, flag, trusted } of setup.source.bySubject(attributes.issuerKey)) {
      if (flag !== 'AA' || !trusted || !maySign(certificate, setup.rules)) continue;
      if (left-- === 0) break;
      if (await setup.signatures.verify(certificate, attributes)) return undefined;
    }
  }
  const names = groups.map(printIdentity).join("' or '");
  return failure('cert-policy-violation', `group membership to '${names}' required`);
}

function isGroup({ type, data }: Identity, name: Uint8Array): boolean {
  if (type === T.ID_FQDN || type === T.ID_RFC822_ADDR) return foldCase(data) === foldCase(name);
  return equalBytes(data, name);
}

function isUsable(attributes: AttributeCertificate, rules: CertificateRules): boolean {
  const { notBefore, notAfter, unknownCritical } = attributes;
  if (rules.time < notBefore || rules.time > notAfter || unknownCritical.length > 0) return false;
  return checkSignatureKind({ ...attributes, subject: new Uint8Array() }, rules) === undefined;
}

// RFC 5755 section 4.5.
function maySign(authority: Certificate, rules: CertificateRules): boolean {
  const { keyUsage } = authority;
  if (keyUsage !== undefined && !keyUsage.has('digitalSignature')) return false;
  return checkCertificate(authority, rules) === undefined;
}

// Every form that is there must fit (section 4.2.2 allows one).
function isHolder(
  { certificate, names, digest }: AttributeHolder,
  holder: Certificate,
  { crypto }: GroupSetup,
): boolean {
  if (certificate === undefined && names.length === 0 && digest === undefined) return false;
  if (certificate !== undefined) {
    if (certificate.issuerKey !== holder.issuerKey) return false;
    if (!equalBytes(certificate.serial, holder.serial)) return false;
  }
  if (digest !== undefined) {
    const what = digest.of === 'certificate' ? holder.der : holder.publicKey?.spki;
    if (what === undefined || !equalBytes(crypto.hash(digest.hash, what), digest.value))
      return false;
  }
  if (names.length === 0) return true;
  return names.some(
    (name) => name.kind === 'directory' && nameKey(name.name, 'holder') === holder.subjectKey,
  );
}
