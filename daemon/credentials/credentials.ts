import type {
  AuthorityConfig,
  AuthorityView,
  CertificateFlag,
  CredentialControl,
  CredentialFilter,
  CredentialType,
  CredentialView,
  LoadOutcome,
} from '../contracts/credentials.ts';
import type { PrivateKeys } from '../contracts/signatures.ts';
import type { RdnMatching } from '../proto/identity-match.ts';
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

function firstCertificate(loaded: readonly LoadedCredential[]): Certificate | undefined {
  const [first] = loaded;
  return first?.credential.type === 'X509' ? first.credential.value : undefined;
}
