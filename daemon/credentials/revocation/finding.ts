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

/** What is found where nothing may be looked at. */
export const DISABLED: Finding = { kind: 'skipped', reason: 'checking is disabled' };
/** What OCSP finds where nobody can be asked. */
export const NO_RESPONDER: Finding = {
  kind: 'skipped',
  reason: 'nobody says where a responder is',
};
/** What is found where there are no CRLs, and none can be fetched. */
export const NO_CRL: Finding = { kind: 'skipped', reason: 'nobody says where a CRL is' };

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
