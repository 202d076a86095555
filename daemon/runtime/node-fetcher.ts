import type { Fetcher, FetchRequest, FetchResult, UrlOrigin } from '../contracts/fetcher.ts';
import { printable, utf8 } from '../util/bytes.ts';
import {
  type AddressPolicy,
  type AddressRule,
  firstHop,
  redirected,
} from './fetch/address-rule.ts';
import { readFileUrl } from './fetch/file.ts';
import type { HopEnd } from './fetch/hop.ts';
import type { HostLookup } from './fetch/host-addresses.ts';
import { Turns } from './fetch/turns.ts';

/** How fetches are made; everything has a default. */
export interface NodeFetcherSettings {
  /** Which addresses URLs may lead to that are not the operator's own. */
  readonly addresses?: () => AddressPolicy;
  readonly lookup?: HostLookup;
  /** PEM of the CAs of HTTPS servers; those of the system unless given. */
  readonly httpsAuthorities?: readonly string[];
  /** Milliseconds for a connection. */
  readonly connectLimit?: number;
}

const CONNECT_LIMIT = 3000;
const TURNS = { atOnce: 8, perHost: 4, waiting: 64 };
const LONGEST_URL = 2048;
/** Characters of a URL in the log. */
const SHOWN = 200;

interface Flight {
  readonly result: Promise<FetchResult>;
  readonly abort: AbortController;
  waiters: number;
}

/**
 * Fetches by HTTP, HTTPS and LDAP over the sockets of this machine. What each of them needs is loaded when it is first used: Node's own
 * HTTP and TLS take 17 MB, and many gateways never fetch anything.
 */
export class NodeFetcher implements Fetcher {
  readonly #settings: NodeFetcherSettings;
  #lookup: HostLookup | undefined;
  readonly #turns = new Turns(TURNS);
  /** Fetches under way, by all that tells two apart. */
  readonly #flights = new Map<string, Flight>();

  constructor(settings: NodeFetcherSettings = {}) {
    this.#settings = settings;
    this.#lookup = settings.lookup;
  }

  fetch(request: FetchRequest): Promise<FetchResult> {
    if (request.signal?.aborted === true) return Promise.resolve(notFetched(request, 'called off'));
    const key = keyOf(request);
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = this.#begin(request);
      const mine = flight;
      this.#flights.set(key, mine);
      void mine.result.then(() => {
        if (this.#flights.get(key) === mine) this.#flights.delete(key);
      });
    }
    return this.#wait(request, key, flight);
  }

  /** One waiter may give up without ending the fetch for the others; the last one ends it. */
  #wait(request: FetchRequest, key: string, flight: Flight): Promise<FetchResult> {
    const { signal } = request;
    if (signal === undefined) {
      flight.waiters++;
      return flight.result;
    }
    flight.waiters++;
    return new Promise((resolve) => {
      const onAbort = (): void => {
        resolve(notFetched(request, 'called off'));
        flight.waiters--;
        if (flight.waiters > 0) return;
        if (this.#flights.get(key) === flight) this.#flights.delete(key);
        flight.abort.abort();
      };
      signal.addEventListener('abort', onAbort);
      void flight.result.then((result) => {
        signal.removeEventListener('abort', onAbort);
        resolve(result);
      });
    });
  }

  #begin(request: FetchRequest): Flight {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), request.timeLimit);
    const result = this.#run(request, abort.signal)
      .catch((error: unknown) =>
        notFetched(request, error instanceof Error ? error.message : 'it failed'),
      )
      .finally(() => clearTimeout(timer));
    return { result, abort, waiters: 0 };
  }

  async #run(request: FetchRequest, signal: AbortSignal): Promise<FetchResult> {
    const policy = this.#settings.addresses?.() ?? 'private';
    let rule = firstHop(request.origin, policy);
    let target = request.url;
    for (let redirects = 0; ; redirects++) {
      const url = readUrl(target, redirects > 0, request.origin);
      if (typeof url === 'string') return notFetched(request, url);
      const end = await this.#hop(request, url, rule, signal);
      if (end.kind === 'failed') return notFetched(request, end.reason);
      if (end.kind === 'body') {
        const { body, maxAge } = end;
        return { ok: true, body, ...(maxAge === undefined ? {} : { maxAge }) };
      }
      if (redirects >= request.redirects) return notFetched(request, 'too many redirects');
      // A POST goes on as a POST or not at all (RFC 9110 section 15.4).
      if (request.body !== undefined && end.status !== 307 && end.status !== 308) {
        return notFetched(request, `the server redirects with HTTP status ${end.status}`);
      }
      rule = redirected(end.from, request.origin, policy);
      const next = URL.parse(end.location, url.href);
      if (next === null) return notFetched(request, 'the server redirects to nowhere');
      target = next.href;
    }
  }

  async #hop(
    request: FetchRequest,
    url: URL,
    rule: AddressRule,
    signal: AbortSignal,
  ): Promise<HopEnd> {
    if (url.protocol === 'file:') return readFileUrl(url, request.sizeLimit);
    const endTurn = await this.#turns.take(url.host, signal);
    if (endTurn === undefined) {
      const reason = signal.aborted ? 'it took too long' : 'too many fetches are waiting';
      return { kind: 'failed', reason };
    }
    try {
      this.#lookup ??= (await import('./fetch/host-addresses.ts')).hostLookup();
      const found = await this.#lookup(url.hostname, signal);
      const addresses = found.filter((address) => rule.allows(address));
      if (addresses.length === 0) {
        const reason =
          found.length > 0
            ? `the address ${found[0]} is not for URLs of this origin`
            : signal.aborted
              ? 'it took too long'
              : `${url.hostname} has no address`;
        return { kind: 'failed', reason };
      }
      const hop = {
        url,
        addresses,
        signal,
        sizeLimit: request.sizeLimit,
        connectLimit: this.#settings.connectLimit ?? CONNECT_LIMIT,
      };
      if (url.protocol === 'ldap:') {
        if (request.body !== undefined) return { kind: 'failed', reason: 'LDAP has no POST' };
        const { ldapHop } = await import('./fetch/ldap.ts');
        return await ldapHop(hop);
      }
      const { body, contentType = 'application/octet-stream' } = request;
      const post = body === undefined ? {} : { post: { body, contentType } };
      const { httpHop, systemAuthorities } = await import('./fetch/http.ts');
      return await httpHop(
        { ...hop, ...post },
        () => this.#settings.httpsAuthorities ?? systemAuthorities(),
      );
    } finally {
      endTurn();
    }
  }
}

function readUrl(text: string, isRedirect: boolean, origin: UrlOrigin): URL | string {
  if (text.length > LONGEST_URL) return 'the URL is too long';
  const url = URL.parse(text);
  if (url === null) return 'this is no URL';
  if (url.protocol === 'file:' && origin === 'configured' && !isRedirect) return url;
  const schemes = isRedirect ? WEB : SCHEMES;
  if (!schemes.includes(url.protocol)) {
    return `${url.protocol} is not fetched${isRedirect ? ' after a redirect' : ''}`;
  }
  if (url.username !== '' || url.password !== '') return 'the URL has a user name';
  if (url.hostname === '') return 'the URL names no server';
  return url;
}

const WEB = ['http:', 'https:'];
const SCHEMES = [...WEB, 'ldap:'];

function keyOf(request: FetchRequest): string {
  const { url, origin, timeLimit, sizeLimit, redirects, body } = request;
  const posted = body === undefined ? '' : Buffer.from(body).toString('latin1');
  return `${origin} ${timeLimit} ${sizeLimit} ${redirects} ${url}\n${request.contentType ?? ''}\n${posted}`;
}

function notFetched(request: FetchRequest, reason: string): FetchResult {
  const url = printable(utf8(request.url.slice(0, SHOWN)));
  return { ok: false, reason: `fetching '${url}' failed: ${printable(utf8(reason))}` };
}
