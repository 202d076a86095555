import type { PublicKey } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import { equalIdentity, identityKey } from '../proto/identity-match.ts';
import { ConfiguredIdType } from '../proto/identity-types.ts';
import { fromHex, toHex } from '../util/hex.ts';
import { PersistentMap } from '../util/persistent-map.ts';
import type { CertificateSource, SourceCertificate } from './certificate-source.ts';
import { crlScope } from './crl-scope.ts';
import type { Credential, RawPublicKey, StoredCredential } from './stored.ts';
import type {
  AttributeCertificate,
  AttributeHolder,
  Certificate,
  Crl,
  OcspResponse,
} from './x509/certificate.ts';
import { decoding } from './x509/decoded.ts';
import { nameKey } from './x509/names.ts';

type Group = readonly StoredCredential[];

/** The certificates of groups, which never change: they are looked up for every peer. */
const groupCertificates = new WeakMap<Group, readonly SourceCertificate[]>();

const NONE: readonly never[] = [];

/**
 * All loaded credentials at one moment, found by whatever names them in one lookup. It never changes: whoever judges a peer keeps
 * the one it began with, whatever is loaded meanwhile.
 */
export class CertificateIndex implements CertificateSource {
  readonly #all: PersistentMap<StoredCredential>;
  readonly #groups: PersistentMap<Group>;

  private constructor(all: PersistentMap<StoredCredential>, groups: PersistentMap<Group>) {
    this.#all = all;
    this.#groups = groups;
  }

  static readonly empty = new CertificateIndex(PersistentMap.empty(), PersistentMap.empty());

  get size(): number {
    return this.#all.size;
  }

  /** The credential of a {@link credentialKey}. */
  get(key: string): StoredCredential | undefined {
    return this.#all.get(key);
  }

  /** With a credential more, or with one replaced by what is now known of it. */
  with(stored: StoredCredential): CertificateIndex {
    const key = credentialKey(stored.credential);
    const base = this.#all.get(key) === undefined ? this : this.without(key);
    let groups = base.#groups;
    for (const name of groupsOf(stored))
      groups = groups.with(name, [...(groups.get(name) ?? []), stored]);
    return new CertificateIndex(base.#all.with(key, stored), groups);
  }

  without(key: string): CertificateIndex {
    const stored = this.#all.get(key);
    if (stored === undefined) return this;
    let groups = this.#groups;
    for (const name of groupsOf(stored)) {
      const left = (groups.get(name) ?? []).filter((other) => other !== stored);
      groups = left.length === 0 ? groups.without(name) : groups.with(name, left);
    }
    return new CertificateIndex(this.#all.without(key), groups);
  }

  /** Everything in the order of loading: one pass over all of it, for lists that people read. */
  list(): readonly StoredCredential[] {
    return [...this.#all.values()].sort((a, b) => a.order - b.order);
  }

  /** The certificate of a SHA-256 of its DER. */
  certificate(fingerprint: string): SourceCertificate | undefined {
    const stored = this.#all.get(`X509:${fingerprint}`);
    return stored && certificateOf(stored);
  }

  /** Certificates with this subject, by `subjectKey`: what may have issued others. */
  bySubject(subjectKey: string): readonly SourceCertificate[] {
    return this.#certificates(`subject:${subjectKey}`);
  }

  /** Certificates of a public key, by its `keyId`. */
  byKeyId(keyId: string): readonly SourceCertificate[] {
    return this.#certificates(`key:${keyId}`);
  }

  /**
   * Certificates that prove an identity: it is the subject, a subjectAltName, or the key's id. The newest comes first: one that was loaded
   * beside its predecessor is used from then on.
   */
  byIdentity(identity: Identity): readonly SourceCertificate[] {
    return this.#certificates(`id:${identityKey(identity)}`)
      .filter(({ certificate }) =>
        certificate.identities.some((own) => equalIdentity(own, identity)),
      )
      .sort((a, b) => b.certificate.notBefore - a.certificate.notBefore);
  }

  /** CA certificates that an operator loaded. */
  trustedCas(): readonly SourceCertificate[] {
    return this.#certificates('ca');
  }

  crlsOf(issuerKey: string): readonly Crl[] {
    return this.#pick(`crl:${issuerKey}`, (one) => one.type === 'X509_CRL' && one.value);
  }

  attributeCertificates(holder: Certificate): readonly AttributeCertificate[] {
    const groups = [
      `holder:${toHex(holder.serial)}:${holder.issuerKey}`,
      `holder:${holder.subjectKey}`,
      // Digests are compared where they can be computed.
      'holder',
    ];
    const of = (group: string): readonly AttributeCertificate[] =>
      this.#pick(group, (one) => one.type === 'X509_AC' && one.value);
    return [...new Set(groups.flatMap(of))];
  }

  ocspResponses(): readonly OcspResponse[] {
    return this.#pick('ocsp', (one) => one.type === 'OCSP_RESPONSE' && one.value);
  }

  publicKeys(identity: Identity): readonly PublicKey[] {
    const group = `raw:${identityKey(identity)}`;
    return this.#pick(group, (one) => one.type === 'PUBKEY' && one.value.key);
  }

  /** CRLs that speak about the same as this one: of these only the newest means something. */
  ofScope(crl: Crl): readonly Crl[] {
    return this.#pick(`scope:${crlScope(crl)}`, (one) => one.type === 'X509_CRL' && one.value);
  }

  #certificates(group: string): readonly SourceCertificate[] {
    const stored = this.#groups.get(group);
    if (stored === undefined) return NONE;
    const known = groupCertificates.get(stored);
    if (known !== undefined) return known;
    const certificates = stored.flatMap((one) => certificateOf(one) ?? []);
    groupCertificates.set(stored, certificates);
    return certificates;
  }

  #pick<V>(group: string, value: (one: Credential) => V | false): readonly V[] {
    return this.#groups.get(group)?.flatMap(({ credential }) => value(credential) || []) ?? NONE;
  }
}

/** Names one credential among all: equal ones are the same, octet by octet. */
export function credentialKey({ type, value }: Credential): string {
  const key = `${type}:${value.fingerprint}`;
  // The same key of two identities is told and found as that of each.
  return type === 'PUBKEY' && value.subject !== undefined
    ? `${key}:${identityKey(value.subject)}`
    : key;
}

/** Whose a raw key is: of whom it was loaded for, or of nobody but itself. */
export function keyOwner({ subject, key }: RawPublicKey): Identity {
  const data = fromHex(key.keyId) ?? new Uint8Array();
  return subject ?? { type: ConfiguredIdType.ID_KEY_ID, data };
}

function certificateOf({ credential, trusted }: StoredCredential): SourceCertificate | undefined {
  if (credential.type !== 'X509') return undefined;
  return { certificate: credential.value, flag: credential.flag, trusted };
}

function groupsOf({ credential, trusted }: StoredCredential): readonly string[] {
  switch (credential.type) {
    case 'X509': {
      const { value, flag } = credential;
      const names = new Set(value.identities.map((identity) => `id:${identityKey(identity)}`));
      names.add(`subject:${value.subjectKey}`);
      if (value.publicKey !== undefined) names.add(`key:${value.publicKey.keyId}`);
      if (flag === 'CA' && trusted) names.add('ca');
      return [...names];
    }
    case 'X509_CRL':
      return [`crl:${credential.value.issuerKey}`, `scope:${crlScope(credential.value)}`];
    case 'X509_AC':
      return holderGroups(credential.value.holder);
    case 'OCSP_RESPONSE':
      return ['ocsp'];
    case 'PUBKEY':
      // One that only came along proves nobody's identity.
      return trusted ? [`raw:${identityKey(keyOwner(credential.value))}`] : [];
  }
}

function holderGroups({ certificate, names, digest }: AttributeHolder): readonly string[] {
  return [
    ...(certificate === undefined
      ? []
      : [`holder:${toHex(certificate.serial)}:${certificate.issuerKey}`]),
    ...names.flatMap((name) => {
      if (name.kind !== 'directory') return [];
      const key = decoding('holder', () => nameKey(name.name, 'holder'));
      return key.ok ? [`holder:${key.value}`] : [];
    }),
    ...(digest === undefined ? [] : ['holder']),
  ];
}
