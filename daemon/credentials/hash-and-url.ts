import type { Clock } from '../contracts/clock.ts';
import type { Crypto } from '../contracts/crypto.ts';
import type { Fetcher } from '../contracts/fetcher.ts';
import type { Logger } from '../contracts/logger.ts';
import { equalBytes } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';
import { LruMap } from '../util/lru.ts';
import { RecentAttempts } from './revocation/recent-attempts.ts';
import { nameText } from './revocation/texts.ts';
import type { Certificate } from './x509/certificate.ts';
import { type Decoded, problemText } from './x509/decoded.ts';

/** Octets of a certificate and of a URL, redirects. */
const SIZE_LIMIT = 64 * 1024;
const LONGEST_URL = 1024;
const REDIRECTS = 2;

/**
 * Certificates that are kept, fetches for peers at once, and for how many milliseconds one that failed is not tried again. Peers keep half of
 * the fetcher's places free: with all of them busy no CRL could be had in time, and whoever was revoked would be let in for that.
 */
const KEPT = 256;
const AT_ONCE = 4;
const PAUSE = 30_000;

/** Octets of a SHA-1. */
const HASH_OCTETS = 20;

/** What {@link HashAndUrl} needs. */
export interface HashAndUrlServices {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fetcher: Fetcher;
  readonly crypto: Pick<Crypto, 'hash'>;
  readonly decode: (der: Uint8Array) => Decoded<Certificate>;
  /** `charon.hash_and_url`. */
  readonly enabled: () => boolean;
  /** Milliseconds of one fetch. */
  readonly timeout: () => number;
}

/** What came of a hash and a URL; `reason` is a sentence for the log. */
export type HashAndUrlResult =
  | { readonly ok: true; readonly certificate: Certificate }
  | { readonly ok: false; readonly reason: string };

/**
 * Certificates that peers send as a SHA-1 and a URL (RFC 7296 section 3.6). Whoever asks us to fetch has not proved anything yet: only
 * HTTP, never from this host itself, little at once, and nothing counts that does not have the hash.
 */
export class HashAndUrl {
  readonly #services: HashAndUrlServices;
  readonly #kept = new LruMap<string, Certificate>(KEPT);
  readonly #attempts: RecentAttempts<HashAndUrlResult>;

  constructor(services: HashAndUrlServices) {
    this.#services = services;
    this.#attempts = new RecentAttempts(services.clock, KEPT);
  }

  /** Whether peers are told that we fetch (HTTP_CERT_LOOKUP_SUPPORTED), and do. */
  get enabled(): boolean {
    return this.#services.enabled();
  }

  /** The certificate of a hash, kept or fetched. Never rejects; takes no longer than the limit of one fetch. */
  async fetch(hash: Uint8Array, url: string): Promise<HashAndUrlResult> {
    if (!this.enabled) return refused('hash-and-URL is disabled (charon.hash_and_url)');
    if (hash.length !== HASH_OCTETS) return refused(`a hash of ${hash.length} octets, not 20`);
    const kept = this.#kept.get(toHex(hash));
    if (kept !== undefined) return { ok: true, certificate: kept };
    if (url.length > LONGEST_URL || !/^http:\/\/[\x21-\x7e]+$/i.test(url)) {
      return refused('the URL of a certificate is none of HTTP');
    }
    if (this.#attempts.running >= AT_ONCE) return refused('too many certificates are fetched now');
    return this.#attempts.run(
      `${toHex(hash)} ${url}`,
      () => this.#fetch(Uint8Array.from(hash), url),
      (result) => (result.ok ? 0 : PAUSE),
    );
  }

  /** Forgets what was fetched. */
  clear(): void {
    this.#kept.clear();
    this.#attempts.clear();
  }

  async #fetch(hash: Uint8Array, url: string): Promise<HashAndUrlResult> {
    const { fetcher, logger, timeout, crypto, decode } = this.#services;
    logger.log('cfg', 1, `fetching certificate from '${url}' ...`);
    const fetched = await fetcher.fetch({
      url,
      origin: 'peer',
      timeLimit: timeout(),
      sizeLimit: SIZE_LIMIT,
      redirects: REDIRECTS,
    });
    if (!fetched.ok) return refused(fetched.reason);
    if (!equalBytes(crypto.hash('sha1', fetched.body), hash)) {
      return refused(`what '${url}' holds does not have the hash that the peer sent`);
    }
    const decoded = decode(fetched.body);
    if (!decoded.ok) {
      return refused(`what '${url}' holds is no certificate: ${problemText(decoded.problem)}`);
    }
    this.#kept.set(toHex(hash), decoded.value);
    logger.log('cfg', 1, `fetched certificate "${nameText(decoded.value.subject)}"`);
    return { ok: true, certificate: decoded.value };
  }
}

/** The other direction: what is sent instead of a certificate that is found below a base URL, as charon puts it there. */
export function hashAndUrlOf(
  certificate: Pick<Certificate, 'der'>,
  base: string,
  crypto: Pick<Crypto, 'hash'>,
): { readonly hash: Uint8Array; readonly url: string } {
  const hash = crypto.hash('sha1', certificate.der);
  return { hash, url: `${base}${toHex(hash)}` };
}

function refused(reason: string): HashAndUrlResult {
  return { ok: false, reason };
}
