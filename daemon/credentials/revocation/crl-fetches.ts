import type { Clock } from '../../contracts/clock.ts';
import type { Fetcher, UrlOrigin } from '../../contracts/fetcher.ts';
import type { Logger } from '../../contracts/logger.ts';
import type { Crl } from '../x509/certificate.ts';
import type { Decoded } from '../x509/decoded.ts';
import { problemText } from '../x509/decoded.ts';
import { RecentAttempts } from './recent-attempts.ts';
import { urlText } from './texts.ts';

/** Octets of a CRL, milliseconds for which a URL is not asked again, and how many are remembered. */
const SIZE_LIMIT = 10 * 1024 * 1024;
const PAUSE = 30_000;
const REMEMBERED = 512;
const REDIRECTS = 3;

/** What became of asking for a CRL; the list itself goes to who takes it in. */
export type CrlFetch = { readonly ok: true } | { readonly ok: false; readonly reason: string };

/** What {@link CrlFetches} needs. */
export interface CrlFetchServices {
  readonly clock: Clock;
  readonly fetcher: Fetcher;
  readonly logger: Logger;
  readonly decode: (der: Uint8Array) => Promise<Decoded<Crl>>;
  readonly timeout: () => number;
  /** Gets what was fetched; nothing in it has been verified. */
  readonly take: (crl: Crl) => void;
}

/** Fetches CRLs: one fetch for all who wait for the same, and none again within half a minute. */
export class CrlFetches {
  readonly #services: CrlFetchServices;
  readonly #attempts: RecentAttempts<CrlFetch>;

  constructor(services: CrlFetchServices) {
    this.#services = services;
    this.#attempts = new RecentAttempts(services.clock, REMEMBERED);
  }

  /** Never rejects. The fetch goes on if the caller stops waiting: what it brings is for the next one. */
  fetch(url: string, origin: UrlOrigin): Promise<CrlFetch> {
    return this.#attempts.run(
      `${origin} ${url}`,
      () => this.#fetch(url, origin),
      () => PAUSE,
    );
  }

  /** Forgets which URLs were asked. */
  clear(): void {
    this.#attempts.clear();
  }

  async #fetch(url: string, origin: UrlOrigin): Promise<CrlFetch> {
    const { fetcher, logger, decode, timeout, take } = this.#services;
    logger.log('cfg', 1, `  fetching crl from '${urlText(url)}' ...`);
    const fetched = await fetcher.fetch({
      url,
      origin,
      timeLimit: timeout(),
      sizeLimit: SIZE_LIMIT,
      redirects: REDIRECTS,
    });
    if (!fetched.ok) return this.#failed(fetched.reason);
    const crl = await decode(fetched.body);
    if (!crl.ok) return this.#failed(`'${urlText(url)}' is no CRL: ${problemText(crl.problem)}`);
    take(crl.value);
    return { ok: true };
  }

  #failed(reason: string): CrlFetch {
    this.#services.logger.log('cfg', 1, `crl fetching failed: ${reason}`);
    return { ok: false, reason };
  }
}
