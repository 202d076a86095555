/** Bounds of one fetch. */
export interface FetchLimits {
  /** Milliseconds in all, connecting and redirects included. */
  readonly timeLimit: number;
  /** Octets of the body. */
  readonly sizeLimit: number;
  /** Redirects followed; each target is judged like the first one. */
  readonly redirects: number;
}

/** What to fetch; with a body it is an HTTP POST. */
export interface FetchRequest extends FetchLimits {
  /** `http:`, `https:` or `ldap:`; anything else is refused, `file:` first of all. */
  readonly url: string;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** `reason` is a sentence for the log: what was tried and what happened. */
export type FetchResult =
  | { readonly ok: true; readonly body: Uint8Array; readonly maxAge?: number }
  | { readonly ok: false; readonly reason: string };

/** Fetches revocation information and certificates from servers that are slow, broken or hostile. Never rejects. */
export interface Fetcher {
  fetch(request: FetchRequest): Promise<FetchResult>;
}
