/** Bounds of one fetch. */
export interface FetchLimits {
  /** Milliseconds in all: waiting for a turn, connecting and redirects included. */
  readonly timeLimit: number;
  /** Octets of the body. */
  readonly sizeLimit: number;
  /** Redirects followed; each target is judged like the first one. */
  readonly redirects: number;
}

/**
 * Who named a URL: the operator, a certificate of a chain that is trusted, or a peer that has proved nothing. Addresses of
 * this host itself are for the first only.
 */
export type UrlOrigin = 'configured' | 'certificate' | 'peer';

/** What to fetch; with a body it is an HTTP POST. */
export interface FetchRequest extends FetchLimits {
  /** `http:`, `https:` or `ldap:`, and `file:` if the operator named it; anything else is refused. */
  readonly url: string;
  readonly origin: UrlOrigin;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** Ends the wait of this caller; others that wait for the same answer go on. */
  readonly signal?: AbortSignal;
}

/**
 * `reason` is a sentence for the log: what was tried and what happened. The body is shared by all who asked for the same at
 * the same time, so nobody changes it. `maxAge` is what HTTP says about caching, milliseconds.
 */
export type FetchResult =
  | { readonly ok: true; readonly body: Uint8Array; readonly maxAge?: number }
  | { readonly ok: false; readonly reason: string };

/** Fetches revocation information and certificates from servers that are slow, broken or hostile. Never rejects. */
export interface Fetcher {
  fetch(request: FetchRequest): Promise<FetchResult>;
}
