import type { IpAddress } from '../../proto/ip-address.ts';

/** One request to one server: where to connect and what it may cost. */
export interface Hop {
  readonly url: URL;
  /** Addresses that may be connected to; at least one. */
  readonly addresses: readonly IpAddress[];
  readonly sizeLimit: number;
  readonly connectLimit: number;
  /** Aborted when time is up or nobody waits any more. */
  readonly signal: AbortSignal;
  readonly post?: { readonly body: Uint8Array; readonly contentType: string };
}

/** What came of it; `from` of a redirect is the address of the server that sent it. */
export type HopEnd =
  | { readonly kind: 'body'; readonly body: Uint8Array; readonly maxAge?: number }
  | {
      readonly kind: 'redirect';
      readonly status: number;
      readonly location: string;
      readonly from: IpAddress;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** A hop that failed, for the log. */
export function failed(reason: string): HopEnd {
  return { kind: 'failed', reason };
}

/** Looks nothing up: hands out the addresses that were looked up and judged before. */
export function pinned(
  addresses: readonly IpAddress[],
): (
  host: string,
  options: { readonly all?: boolean | undefined },
  callback: (
    error: null,
    address: string | { address: string; family: number }[],
    family?: number,
  ) => void,
) => void {
  const all = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  return (_host, { all: wantsAll }, callback) => {
    if (wantsAll === true) callback(null, all);
    else callback(null, all[0]?.address ?? '', all[0]?.family ?? 4);
  };
}
