import type { PublicKey } from '../../contracts/signatures.ts';
import type { Identity } from '../../proto/identity.ts';
import { equalIdentity } from '../../proto/identity-match.ts';
import { equalBytes } from '../../util/bytes.ts';
import type { CertificateSource } from '../certificate-source.ts';
import type { KeyClaim, ReceivedCredentials, TrustConstraints } from '../trust.ts';
import type { Certificate } from '../x509/certificate.ts';

/** Each may cost whoever verifies the peer's signature one verification. */
const MAX_CLAIMS = 16;

/**
 * Keys that are said to belong to an identity: what the peer sent comes first, then what is loaded, those certificates first that are
 * valid at `time` for the longest.
 */
export function claimsOf(
  identity: Identity,
  received: ReceivedCredentials,
  constraints: TrustConstraints,
  source: CertificateSource,
  time: number,
): readonly KeyClaim[] {
  const free = isFree(constraints);
  const certificates = new Map<string, Certificate>();
  const loaded = free
    ? source.byIdentity(identity).map(({ certificate }) => certificate)
    : constraints.certificates;
  for (const certificate of [...received.certificates.slice(0, 1), ...byValidity(loaded, time)])
    if (holdsIdentity(certificate, identity) && isAccepted(certificate, constraints))
      certificates.set(certificate.fingerprint, certificate);
  const keys = new Map<string, PublicKey>();
  const sent = new Set(received.rawKeys.map(({ keyId }) => keyId));
  const known = free ? source.publicKeys(identity) : constraints.publicKeys;
  for (const key of known.toSorted((a, b) => Number(sent.has(b.keyId)) - Number(sent.has(a.keyId))))
    keys.set(key.keyId, key);
  const byCertificate = [...certificates.values()].flatMap((certificate) =>
    certificate.publicKey === undefined
      ? []
      : [{ identity, publicKey: certificate.publicKey, certificate }],
  );
  const byKey = [...keys.values()].map((publicKey) => ({ identity, publicKey }));
  const all = sent.size > 0 ? [...byKey, ...byCertificate] : [...byCertificate, ...byKey];
  return all.slice(0, MAX_CLAIMS);
}

/** Whether a certificate proves an identity, octets of other spelling included. */
export function holdsIdentity({ identities }: Certificate, identity: Identity): boolean {
  return identities.some((own) => equalIdentity(own, identity));
}

/** Whether the connection takes this certificate: any, or one of its list. */
export function isAccepted(certificate: Certificate, constraints: TrustConstraints): boolean {
  return (
    isFree(constraints) ||
    constraints.certificates.some(({ fingerprint }) => fingerprint === certificate.fingerprint)
  );
}

/** Whether the connection, or nobody but what is loaded for the identity, names this raw key. */
export function isConfiguredKey(
  { identity, publicKey }: KeyClaim,
  constraints: TrustConstraints,
  source: CertificateSource,
): boolean {
  const keys = isFree(constraints) ? source.publicKeys(identity) : constraints.publicKeys;
  return keys.some(({ spki }) => equalBytes(spki, publicKey.spki));
}

// A connection that lists certificates or keys takes those and nothing else.
function isFree({ certificates, publicKeys }: TrustConstraints): boolean {
  return certificates.length === 0 && publicKeys.length === 0;
}

function byValidity(certificates: readonly Certificate[], time: number): readonly Certificate[] {
  const valid = ({ notBefore, notAfter }: Certificate): number =>
    Number(time >= notBefore && time <= notAfter);
  return certificates.toSorted((a, b) => valid(b) - valid(a) || b.notAfter - a.notAfter);
}
