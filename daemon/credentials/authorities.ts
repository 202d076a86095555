import type { AuthorityConfig, AuthorityView } from '../contracts/credentials.ts';
import { ConfiguredIdType } from '../proto/identity-types.ts';
import type { Certificate } from './x509/certificate.ts';

/** Where to ask about certificates of one authority, beside what the certificates themselves say. */
export interface AuthorityUris {
  readonly crlUris: readonly string[];
  readonly ocspUris: readonly string[];
}

/** What others ask of the configured authorities. */
export interface AuthoritySource {
  /** URIs of all authorities with this CA's name and key, in the order of loading. */
  urisOf(ca: Certificate): AuthorityUris;
  /** Prefixes of hash-and-URL for certificates that this CA issued, likewise. */
  certUriBasesOf(ca: Certificate): readonly string[];
}

interface Authority {
  readonly config: AuthorityConfig;
  readonly certificate: Certificate;
}

const NO_URIS: AuthorityUris = { crlUris: [], ocspUris: [] };

/** Certification authorities that were loaded, by their name and by their key. */
export class Authorities implements AuthoritySource {
  readonly #byName = new Map<string, Authority>();
  readonly #byCa = new Map<string, ReadonlySet<Authority>>();

  /** The one of that name as configured. */
  get(name: string): AuthorityConfig | undefined {
    return this.#byName.get(name)?.config;
  }

  /** Adds one, or replaces the one of the same name. */
  load(config: AuthorityConfig, certificate: Certificate): void {
    const before = this.#byName.get(config.name);
    const authority = { config, certificate };
    if (before !== undefined) this.#unlink(before);
    this.#byName.set(config.name, authority);
    const key = caKey(certificate);
    this.#byCa.set(key, new Set([...(this.#byCa.get(key) ?? []), authority]));
  }

  /** False if there is none of that name. */
  unload(name: string): boolean {
    const authority = this.#byName.get(name);
    if (authority === undefined) return false;
    this.#byName.delete(name);
    this.#unlink(authority);
    return true;
  }

  /** In the order of loading. */
  views(): readonly AuthorityView[] {
    return [...this.#byName.values()].map(({ config, certificate }) => {
      const { cacert: _blob, ...view } = config;
      const subject = { type: ConfiguredIdType.ID_DER_ASN1_DN, data: certificate.subject };
      return { ...view, subject };
    });
  }

  urisOf(ca: Certificate): AuthorityUris {
    const found = this.#of(ca);
    if (found.length === 0) return NO_URIS;
    return {
      crlUris: unique(found.flatMap(({ config }) => config.crlUris)),
      ocspUris: unique(found.flatMap(({ config }) => config.ocspUris)),
    };
  }

  certUriBasesOf(ca: Certificate): readonly string[] {
    return unique(this.#of(ca).flatMap(({ config }) => config.certUriBase ?? []));
  }

  #of(ca: Certificate): readonly Authority[] {
    return this.#byCa.size === 0 ? [] : [...(this.#byCa.get(caKey(ca)) ?? [])];
  }

  #unlink(authority: Authority): void {
    const key = caKey(authority.certificate);
    const left = [...(this.#byCa.get(key) ?? [])].filter((other) => other !== authority);
    if (left.length === 0) this.#byCa.delete(key);
    else this.#byCa.set(key, new Set(left));
  }
}

/** A CA is its name and its key: a renewed or cross-signed certificate of it is the same CA. */
function caKey({ subjectKey, publicKey, fingerprint }: Certificate): string {
  return `${publicKey?.keyId ?? fingerprint}:${subjectKey}`;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
