import type {
  AuthorityConfig,
  AuthorityDiff,
  AuthorityView,
  CertificateFlag,
  CredentialControl,
  CredentialFilter,
  CredentialType,
  CredentialView,
  LoadOutcome,
} from '../contracts/credentials.ts';
import type { PrivateKeys } from '../contracts/signatures.ts';
import type { Identity } from '../proto/identity.ts';
import type { RdnMatching } from '../proto/identity-match.ts';
import { ConfiguredIdType } from '../proto/identity-types.ts';
import { deepEqual } from '../util/deep-equal.ts';
import { toHex } from '../util/hex.ts';
import { Authorities, type AuthoritySource } from './authorities.ts';
import { type CertificateIndex, credentialKey } from './certificate-index.ts';
import type { CertificateSource, CertificateSources } from './certificate-source.ts';
import { CertificateStore } from './certificate-store.ts';
import { CredentialCache } from './credential-cache.ts';
import { describeCredential } from './describe-credential.ts';
import { certificateView, listOrder, matchesSubject } from './list-credentials.ts';
import { type ReadResult, readCredentials } from './read-credentials.ts';
import { SourceSnapshot } from './source-snapshot.ts';
import type { LoadedCredential, Origin } from './stored.ts';
import type { Certificate } from './x509/certificate.ts';
import type { DecodeTools } from './x509/tools.ts';

/** What the credentials of a daemon need of the rest of it. */
export interface CredentialServices {
  readonly tools: DecodeTools;
  readonly keys: Pick<PrivateKeys, 'find'>;
  readonly rdnMatching: () => RdnMatching;
}

/** Caches of others that are listed and flushed together with ours: CRLs and OCSP responses that were fetched. */
export interface FurtherCache {
  list(): readonly LoadedCredential['credential'][];
  flush(type?: CredentialType): void;
}

/** What was read of a blob in a connection, or what was found in its place. */
export type ConfiguredRead<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: string };

/** A certificate that a connection names. */
export interface ConfiguredCertificate {
  readonly der: Uint8Array;
  /** Its distinguished name. */
  readonly subject: Identity;
  /** Certificates that came along, DER. */
  readonly chain: readonly Uint8Array[];
}

/** A certificate or key that a connection brings with it. */
export interface ConfiguredCredential {
  readonly type: 'X509' | 'PUBKEY';
  readonly der: Uint8Array;
  /** Believed as what an operator loaded: peers' certificates and CAs, not our own chain. */
  readonly trusted: boolean;
  /** Whose raw key it is. */
  readonly subject?: Identity;
}

/** Certificates, CRLs, raw keys and authorities of one daemon, from all who bring them. */
export class Credentials implements CredentialControl, CertificateSources {
  readonly store = new CertificateStore();
  readonly cache = new CredentialCache();
  readonly #authorities = new Authorities();
  readonly #further: FurtherCache[] = [];
  readonly #services: CredentialServices;

  constructor(services: CredentialServices) {
    this.#services = services;
  }

  /** URIs that were configured for CAs. */
  get authoritySource(): AuthoritySource {
    return this.#authorities;
  }

  addCache(cache: FurtherCache): void {
    this.#further.push(cache);
  }

  snapshot(): CertificateSource {
    return new SourceSnapshot(this.store.snapshot(), this.cache);
  }

  load(type: CredentialType, flag: CertificateFlag, data: Uint8Array): LoadOutcome {
    return this.loadFrom('vici', type, flag, data);
  }

  /** The same for any origin. */
  loadFrom(
    origin: Origin,
    type: CredentialType,
    flag: CertificateFlag,
    data: Uint8Array,
  ): LoadOutcome {
    const read = this.read(type, flag, data);
    if (!read.ok) return read;
    const left = new Set(this.store.load(origin, read.credentials).map(credentialKey));
    const loaded = read.credentials.map(({ credential }) => {
      const text = describeCredential(credential);
      return left.has(credentialKey(credential))
        ? `${text} is not newer than the one that is loaded, which is kept`
        : `loaded ${text}`;
    });
    return { ok: true, loaded };
  }

  /** Decodes and checks what a PEM text or DER holds, and loads nothing. */
  read(type: CredentialType, flag: CertificateFlag, data: Uint8Array): ReadResult {
    return readCredentials({ type, flag, data }, this.#services.tools);
  }

  /** A certificate of the configuration of a connection: the first of a PEM text, and those that follow it. `ca` demands a CA's. */
  certificate(blob: Uint8Array, ca = false): ConfiguredRead<ConfiguredCertificate> {
    const read = this.read('X509', ca ? 'CA' : 'NONE', blob);
    if (!read.ok) return { ok: false, reason: read.explanation };
    const [first, ...others] = read.credentials.map(({ credential }) => credential.value.der);
    const certificate = firstCertificate(read.credentials);
    if (certificate === undefined || first === undefined) return { ok: false, reason: 'nothing' };
    const subject = { type: ConfiguredIdType.ID_DER_ASN1_DN, data: certificate.subject };
    return { ok: true, value: { der: first, subject, chain: others } };
  }

  /** A raw public key of the configuration of a connection: its SubjectPublicKeyInfo. */
  publicKey(blob: Uint8Array): ConfiguredRead<Uint8Array> {
    const read = this.read('PUBKEY', 'NONE', blob);
    const [first] = read.ok ? read.credentials : [];
    if (first !== undefined) return { ok: true, value: first.credential.value.der };
    return { ok: false, reason: read.ok ? 'nothing' : read.explanation };
  }

  /** Makes these the certificates and keys of a connection, for as long as it is there. They could be read when it was loaded. */
  setConnection(name: string, configured: readonly ConfiguredCredential[]): void {
    if (configured.length === 0) {
      this.store.clear(`connection:${name}`);
      return;
    }
    const { tools } = this.#services;
    const index = this.store.snapshot();
    const loaded = configured.flatMap(({ type, der, trusted, subject }) => {
      // Thousands of connections name the same CA.
      const known = index.get(`${type}:${toHex(tools.hash('sha256', der))}`);
      if (known !== undefined && type === 'X509')
        return [{ credential: known.credential, trusted }];
      const read = this.read(type, 'NONE', der);
      if (!read.ok) return [];
      return read.credentials.map(({ credential }) => ({
        credential:
          credential.type === 'PUBKEY' && subject !== undefined
            ? { ...credential, value: { ...credential.value, subject } }
            : credential,
        trusted,
      }));
    });
    this.store.replace(`connection:${name}`, loaded);
  }

  *list(filter: CredentialFilter): Iterable<CredentialView> {
    const { type, flag, subject } = filter;
    const { keys, rdnMatching } = this.#services;
    for (const credential of listOrder(this.#all(this.store.snapshot()))) {
      if (type !== undefined && credential.type !== type) continue;
      if (flag !== undefined && credential.type === 'X509' && credential.flag !== flag) continue;
      if (subject !== undefined && !matchesSubject(credential, subject, rdnMatching())) continue;
      yield certificateView(credential, keys);
    }
  }

  flush(type?: CredentialType): void {
    for (const cache of [this.cache, ...this.#further]) cache.flush(type);
  }

  clear(): void {
    this.store.clear('vici');
    this.flush();
  }

  loadAuthorities(authorities: readonly AuthorityConfig[]): LoadOutcome {
    const read: {
      readonly config: AuthorityConfig;
      readonly loaded: readonly LoadedCredential[];
    }[] = [];
    for (const config of authorities) {
      const before = this.#authorities.get(config.name);
      if (before !== undefined && authorityKeys(before, config).length === 0) continue;
      const result = this.read('X509', 'CA', config.cacert);
      if (!result.ok) return result;
      read.push({ config, loaded: result.credentials });
    }
    for (const { config, loaded } of read) {
      const certificate = firstCertificate(loaded);
      if (certificate === undefined) continue;
      this.store.replace(`authority:${config.name}`, loaded);
      this.#authorities.load(config, certificate);
    }
    return { ok: true, loaded: authorities.map(({ name }) => name) };
  }

  compareAuthority(authority: AuthorityConfig): AuthorityDiff {
    const before = this.#authorities.get(authority.name);
    const keys = before === undefined ? [] : authorityKeys(before, authority);
    if (before !== undefined && keys.length === 0) return { ok: true, outcome: 'unchanged', keys };
    const result = this.read('X509', 'CA', authority.cacert);
    if (!result.ok) return { ok: false, explanation: result.explanation };
    return { ok: true, outcome: before === undefined ? 'added' : 'replaced', keys };
  }

  unloadAuthority(name: string): boolean {
    if (!this.#authorities.unload(name)) return false;
    this.store.clear(`authority:${name}`);
    // What was believed because of it may be in there.
    this.flush();
    return true;
  }

  authorities(): readonly AuthorityView[] {
    return this.#authorities.views();
  }

  #all(index: CertificateIndex): readonly LoadedCredential['credential'][] {
    const loaded = index.list().map(({ credential }) => credential);
    const cached = [this.cache, ...this.#further].flatMap((cache) => cache.list());
    const seen = new Set(loaded.map(credentialKey));
    return [...loaded, ...cached.filter((credential) => !seen.has(credentialKey(credential)))];
  }
}

const AUTHORITY_KEYS = {
  cacert: 'cacert',
  crlUris: 'crl_uris',
  ocspUris: 'ocsp_uris',
  certUriBase: 'cert_uri_base',
} as const;

/** The keys of swanctl.conf in which two authorities differ. */
function authorityKeys(a: AuthorityConfig, b: AuthorityConfig): readonly string[] {
  return (Object.keys(AUTHORITY_KEYS) as (keyof typeof AUTHORITY_KEYS)[])
    .filter((field) => !deepEqual(a[field], b[field]))
    .map((field) => AUTHORITY_KEYS[field]);
}

function firstCertificate(loaded: readonly LoadedCredential[]): Certificate | undefined {
  const [first] = loaded;
  return first?.credential.type === 'X509' ? first.credential.value : undefined;
}
