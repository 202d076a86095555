/** Milliseconds by which the clocks of a CA and ours may differ. */
export const CLOCK_SKEW = 5 * 60_000;

/** How long an answer without nextUpdate counts from its thisUpdate, milliseconds. */
const WITHOUT_END = { crl: 24 * 3_600_000, ocsp: 3_600_000 };

/** From when until when an answer counts, milliseconds since 1970. */
export interface Window {
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
}

/** Whether an answer counts at a moment, does not yet, or does no more. */
export type Currency = 'current' | 'early' | 'stale';

/** Judges an answer by the wall clock: some minutes too early is the difference of clocks, a second too late is stale. */
export function currencyOf(window: Window, kind: 'crl' | 'ocsp', now: number): Currency {
  if (window.thisUpdate > now + CLOCK_SKEW) return 'early';
  return now > endOf(window, kind) ? 'stale' : 'current';
}

/** Last moment at which an answer counts, milliseconds since 1970. */
export function endOf({ thisUpdate, nextUpdate }: Window, kind: 'crl' | 'ocsp'): number {
  return nextUpdate ?? thisUpdate + WITHOUT_END[kind];
}
