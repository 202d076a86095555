import type { PrivateKeyHandle, PrivateKeys, PublicKey } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import { equalIdentity } from '../proto/identity-match.ts';
import { equalBytes } from '../util/bytes.ts';
import type { SourceCertificate } from './certificate-source.ts';
import type { Certificate } from './x509/certificate.ts';

/** With what this host can prove who it is. */
export interface OwnCredential {
  readonly key: PrivateKeyHandle;
  /** Absent for a raw public key. */
  readonly certificate?: Certificate;
  /** CA certificates to send along, the issuer of `certificate` first; without the self-signed root, which the peer has or does not trust. */
  readonly chain: readonly Certificate[];
}

/** Which credential is wanted. */
export interface OwnRequest {
  /** Whoever we are to be; a certificate must carry it. */
  readonly identity: Identity | undefined;
  /** Only these certificates and raw keys are used, if there are any. */
  readonly certificates: readonly Certificate[];
  readonly publicKeys: readonly PublicKey[];
  /** CAs that the peer named: SHA-1 of their SubjectPublicKeyInfo, hex. Certificates of others come after those of these. */
  readonly requestedCas: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Where certificates and keys are found. */
export interface OwnSources {
  readonly certificates: {
    bySubject(subjectKey: string): readonly SourceCertificate[];
    byIdentity(identity: Identity): readonly SourceCertificate[];
  };
  readonly keys: Pick<PrivateKeys, 'find'>;
  /** SHA-1 of a CA's SubjectPublicKeyInfo, hex; `undefined` if its key is of an unknown kind. */
  readonly authorityHash: (ca: Certificate) => string | undefined;
}

/** CA certificates of one path at most, as in what peers send. */
const MAX_DEPTH = 7;
/** Certificates looked at for one path: cross-signed CAs make a graph of it. */
const MAX_STEPS = 64;

/**
 * Credentials that fit a request and whose private key is here, best first: those valid now, those a requested CA issued, the newest. A new
 * certificate is thus used as soon as it is loaded beside the old one.
 */
export function ownCredentials(request: OwnRequest, sources: OwnSources): readonly OwnCredential[] {
  const { identity, certificates, publicKeys, now } = request;
  const configured = certificates.length + publicKeys.length > 0;
  const known =
    configured || identity === undefined ? [] : sources.certificates.byIdentity(identity);
  const candidates = configured ? certificates : known.map(({ certificate }) => certificate);
  const found = candidates.flatMap((certificate) => {
    const key = certificate.publicKey && sources.keys.find(certificate.publicKey.keyId);
    if (key === undefined || !carries(certificate, identity)) return [];
    const { chain, requested } = pathOf(certificate, request, sources);
    const valid = certificate.notBefore <= now && now <= certificate.notAfter;
    return [
      { credential: { key, certificate, chain }, rank: (valid ? 2 : 0) + (requested ? 1 : 0) },
    ];
  });
  found.sort(
    (a, b) =>
      b.rank - a.rank || b.credential.certificate.notBefore - a.credential.certificate.notBefore,
  );
  const raw = publicKeys.flatMap(({ keyId }) => sources.keys.find(keyId) ?? []);
  return [...found.map(({ credential }) => credential), ...raw.map((key) => ({ key, chain: [] }))];
}

function carries({ identities }: Certificate, identity: Identity | undefined): boolean {
  return identity === undefined || identities.some((own) => equalIdentity(own, identity));
}

/** Rank of a path that ends at a root: above that of any length. */
const ENDED = 1000;

interface Path {
  readonly chain: readonly Certificate[];
  /** Whether a CA that the peer named stands in it. */
  readonly requested: boolean;
}

/** The first path with a requested CA; else the first that ends at a root; else the longest. */
function pathOf(leaf: Certificate, request: OwnRequest, sources: OwnSources): Path {
  const open: (readonly Certificate[])[] = [[leaf]];
  let best: { readonly path: Path; readonly rank: number } | undefined;
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const path = open.shift();
    const last = path?.at(-1);
    if (path === undefined || last === undefined) break;
    const cas = path.slice(1);
    const issuers = isRoot(last) ? [] : issuersOf(last, path, sources);
    if (path.length <= MAX_DEPTH) open.push(...issuers.map((issuer) => [...path, issuer]));
    const requested = cas.some((ca) => isRequested(ca, request, sources));
    const rank = requested ? 2 * ENDED : isRoot(last) ? ENDED : cas.length;
    if (best !== undefined && rank <= best.rank) continue;
    best = { path: { chain: cas.filter((ca) => !isRoot(ca)), requested }, rank };
    if (requested) break;
  }
  return best?.path ?? { chain: [], requested: false };
}

function issuersOf(
  certificate: Certificate,
  path: readonly Certificate[],
  { certificates }: OwnSources,
): readonly Certificate[] {
  const { keyId } = certificate.authorityKeyId ?? {};
  return certificates.bySubject(certificate.issuerKey).flatMap(({ certificate: issuer }) => {
    const { basicConstraints, subjectKeyId } = issuer;
    const other =
      keyId !== undefined && subjectKeyId !== undefined && !equalBytes(keyId, subjectKeyId);
    const seen = path.some(({ fingerprint }) => fingerprint === issuer.fingerprint);
    return basicConstraints?.ca === true && !other && !seen ? [issuer] : [];
  });
}

function isRoot({ issuerKey, subjectKey }: Certificate): boolean {
  return issuerKey === subjectKey;
}

function isRequested(
  ca: Certificate,
  { requestedCas }: OwnRequest,
  { authorityHash }: OwnSources,
): boolean {
  if (requestedCas.size === 0) return false;
  const hash = authorityHash(ca);
  return hash !== undefined && requestedCas.has(hash);
}
