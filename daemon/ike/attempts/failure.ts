import type { CertificateAlert } from '../../credentials/trust.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Proposal } from '../../proto/proposal.ts';
import type { ProposalMismatch } from '../../proto/proposal-select.ts';
import { clipped } from './clipped.ts';
import { differencesOf, ofKeyExchanges, ofUnknownProposals, UNKNOWN } from './differences.ts';

/** One thing that the two sides want differently, as text for people. */
export interface Difference {
  /** `key exchange`, `identity of the peer`. */
  readonly what: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Why something could not be established; the keys are stable, people write programs for them. */
export const FAILURES = {
  unresolved: 'a name has no address',
  'no-address': 'remote_addrs names no host that one could connect to',
  'no-route': 'the kernel knows no way to the peer',
  silence: 'the peer did not answer',
  refused: 'the peer refused with a notify and no further reason',
  proposal: 'there is no proposal in common',
  identity: 'the peer has another identity than the configured one',
  method: 'the peer authenticates by another method than the configured one',
  'no-secret': 'no secret is loaded for the two identities',
  'wrong-secret': 'the secrets of the two sides differ',
  'no-private-key': 'there is no private key for our identity',
  'no-certificate': 'the peer sent no certificate with its identity, and none is loaded',
  'no-issuer': 'the CA that issued the certificate of the peer is not among the trusted ones',
  expired: 'a certificate is not valid now',
  revoked: 'a certificate of the peer was revoked',
  untrusted: 'the key or certificate of the peer is not believed',
  selectors: 'the traffic selectors have nothing in common',
  'virtual-ip': 'no virtual IP was assigned',
  'no-connection': 'no connection fits the addresses and identities',
  limits: 'a limit for what is not established yet was reached',
  unfinished: 'the peer began and did not go on',
  kernel: 'the kernel refused',
  ended: 'it was established and ended',
  other: 'something else, see the reason',
} as const;

export type FailureKind = keyof typeof FAILURES;

/** Why something could not be established, for programs; the sentence for people is that of the error that carries it. */
export interface Failure {
  readonly kind: FailureKind;
  readonly differences?: readonly Difference[];
  /** Notify type: what the peer answered to us as initiator, what we answered as responder. */
  readonly notify?: number;
  /** Whom or what it is about: names, an identity, a pool; of a request without answer how often it was sent. */
  readonly subject?: string;
}

/** The failure of a negotiation of proposals; without `nearest` they are of different protocols. */
export function proposalFailure(nearest: ProposalMismatch | undefined): Failure {
  return { kind: 'proposal', differences: nearest === undefined ? [] : differencesOf(nearest) };
}

/** The peer accepts none of our proposals, and does not say what it would. */
export function refusedProposals(ours: readonly Proposal[]): Failure {
  const notify = NotifyType.NO_PROPOSAL_CHOSEN;
  return { kind: 'proposal', notify, differences: [ofUnknownProposals(ours)] };
}

/** The peer asks for a key exchange method that we do not offer. */
export function wantsOther(offered: readonly number[], wanted: number): Failure {
  const notify = NotifyType.INVALID_KE_PAYLOAD;
  return { kind: 'proposal', notify, differences: [ofKeyExchanges(offered, wanted)] };
}

/** The peer has no child for our traffic selectors, and does not say which it has. */
export function refusedSelectors(ours: string): Failure {
  return { ...otherSelectors(ours, UNKNOWN), notify: NotifyType.TS_UNACCEPTABLE };
}

/** The traffic selectors of the two sides have nothing in common. */
export function otherSelectors(ours: string, theirs: string): Failure {
  const what = 'traffic selectors';
  return {
    kind: 'selectors',
    differences: [{ what, ours: clipped(ours), theirs: clipped(theirs) }],
  };
}

/** Nothing proves that the peer is `subject`: why not, if a certificate was judged, and whether there was any key to judge. */
export function distrust(
  subject: string,
  alert: CertificateAlert | undefined,
  hasKey: boolean,
): Failure {
  const kind = alert === undefined ? undefined : DISTRUST.get(alert);
  return { kind: kind ?? (hasKey ? 'untrusted' : 'no-certificate'), subject };
}

const DISTRUST: ReadonlyMap<CertificateAlert, FailureKind> = new Map<CertificateAlert, FailureKind>(
  [
    ['cert-expired', 'expired'],
    ['cert-revoked', 'revoked'],
    ['cert-no-issuer', 'no-issuer'],
    ['cert-untrusted-root', 'no-issuer'],
  ],
);
