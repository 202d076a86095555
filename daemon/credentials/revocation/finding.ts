import type { RevocationStatus } from './checker.ts';

/**
 * What one way of asking found out; `reason` is a sentence for the log. `asOf` is the thisUpdate of what says so, milliseconds since
 * 1970: of two answers the later one counts.
 */
export type Finding =
  | { readonly kind: 'good'; readonly asOf: number }
  | {
      readonly kind: 'revoked';
      /** Milliseconds since 1970. */
      readonly revokedAt: number;
      readonly reason: string;
      readonly asOf: number;
    }
  | { readonly kind: 'stale' | 'unavailable' | 'skipped'; readonly reason: string };

/** The finding as an answer. */
export function statusOf(finding: Finding): RevocationStatus {
  switch (finding.kind) {
    case 'good':
      return { status: 'good' };
    case 'revoked':
      return { status: 'revoked', revokedAt: finding.revokedAt, reason: finding.reason };
    default:
      return { status: finding.kind, reason: finding.reason };
  }
}

/** Of two findings, neither good nor revoked, the one that says more. */
export function moreTelling(one: Finding, other: Finding): Finding {
  return RANK[other.kind] > RANK[one.kind] ? other : one;
}

const RANK: Readonly<Record<Finding['kind'], number>> = {
  skipped: 0,
  unavailable: 1,
  stale: 2,
  good: 3,
  revoked: 4,
};
