import { ProtocolId } from './iana/protocol-ids.ts';
import {
  IntegrityId,
  isKeyExchangeType,
  KeMethod,
  nameOfTransformType,
  TransformType,
} from './iana/transforms.ts';
import type { Proposal, Transform } from './proposal.ts';
import { printProposals, printTransform } from './proposal-print.ts';
import { isAead, withoutKeyExchanges } from './proposal-transforms.ts';

/** How to choose between two lists of proposals. */
export interface SelectOptions {
  /** Whether our order of proposals and algorithms counts; otherwise the peer's. */
  readonly preferConfigured: boolean;
  /** Negotiate without key exchange methods, as for the CHILD_SA of IKE_AUTH. */
  readonly ignoreKe?: boolean;
  /** Accept algorithms of the private-use range (from 1024) although the peer is not known to mean ours. */
  readonly acceptPrivate?: boolean;
}

/** Outcome of a negotiation; the failure is a value that explains itself. */
export type ProposalSelection =
  | {
      readonly ok: true;
      /** Number and SPI of the received proposal, exactly one transform per type that is used. */
      readonly proposal: Proposal;
      readonly configured: Proposal;
      readonly received: Proposal;
    }
  | {
      readonly ok: false;
      /** The pair with the fewest differences; `undefined` if no pair is of one protocol. */
      readonly nearest: ProposalMismatch | undefined;
      /** One sentence for the log. */
      readonly reason: string;
    };

/** Why a configured and a received proposal do not fit. */
export interface ProposalMismatch {
  readonly configured: Proposal;
  readonly received: Proposal;
  /** Never empty. */
  readonly types: readonly TransformMismatch[];
}

/** A transform type without a common algorithm, and what each side has of it. */
export interface TransformMismatch {
  readonly type: number;
  readonly configured: readonly Transform[];
  readonly received: readonly Transform[];
}

/**
 * Chooses the first pair of a configured and a received proposal that fits, the preferred list outermost, and
 * within it the preferred side's first algorithm of each type that the other side has (RFC 7296 sections 2.7
 * and 3.3.6). Integrity is ignored with an AEAD cipher; a missing key exchange of ESP and AH, or a missing
 * additional one, fits a list that holds NONE.
 */
export function selectProposal(
  configured: readonly Proposal[],
  received: readonly Proposal[],
  options: SelectOptions,
): ProposalSelection {
  const outer = options.preferConfigured ? configured : received;
  const inner = options.preferConfigured ? received : configured;
  let nearest: ProposalMismatch | undefined;
  for (const a of outer) {
    for (const b of inner) {
      const ours = options.preferConfigured ? a : b;
      const theirs = options.preferConfigured ? b : a;
      if (ours.protocol !== theirs.protocol) continue;
      const { chosen, mismatches } = match(ours, theirs, options);
      if (mismatches.length === 0) {
        const { number, protocol, spi } = theirs;
        // An SA keeps it for its whole life: a slice has no room to spare, which an array that grew has.
        const proposal = { number, protocol, spi, transforms: chosen.slice() };
        return { ok: true, proposal, configured: ours, received: theirs };
      }
      if (nearest === undefined || mismatches.length < nearest.types.length)
        nearest = { configured: ours, received: theirs, types: mismatches };
    }
  }
  return { ok: false, nearest, reason: explain(configured, received, nearest) };
}

interface Match {
  readonly chosen: readonly Transform[];
  readonly mismatches: readonly TransformMismatch[];
}

function match(configured: Proposal, received: Proposal, options: SelectOptions): Match {
  const ours = groupByType(configured, options);
  const theirs = groupByType(received, options);
  const chosen: Transform[] = [];
  const mismatches: TransformMismatch[] = [];
  const methods = new Set<number>();
  const types = [...ours.keys()];
  for (const type of theirs.keys()) if (!ours.has(type)) types.push(type);
  let combined = false;
  for (const type of types.sort(byTurn)) {
    if (type === TransformType.INTEG && combined) continue;
    const mine = ours.get(type) ?? ABSENT;
    const other = theirs.get(type) ?? ABSENT;
    const preferred = options.preferConfigured ? mine : other;
    const accepted = options.preferConfigured ? other : mine;
    const choice = chooseOf(type, configured.protocol, preferred, accepted, methods, options);
    if (choice === undefined) mismatches.push({ type, configured: mine, received: other });
    // NONE is answered only to a peer that listed it: an answer must not name what was not offered.
    else if (choice.id !== NONE || !hasNone(type) || other.length > 0) chosen.push(choice);
    if (choice === undefined) continue;
    if (type === TransformType.ENCR) combined = isAead(choice.id);
    if (isKeyExchangeType(type)) methods.add(choice.id);
  }
  return { chosen, mismatches };
}

const ABSENT: readonly Transform[] = [];
const NONE = KeMethod.KE_NONE;
const PRIVATE_USE = 1024;

/** Transform types whose id 0 stands for "none". */
function hasNone(type: number): boolean {
  return isKeyExchangeType(type);
}

function chooseOf(
  type: number,
  protocol: number,
  preferred: readonly Transform[],
  accepted: readonly Transform[],
  methods: ReadonlySet<number>,
  { acceptPrivate = false }: SelectOptions,
): Transform | undefined {
  const optional =
    isKeyExchangeType(type) && (type !== TransformType.KE || protocol !== ProtocolId.IKE);
  if (preferred.length === 0 || accepted.length === 0) {
    const present = preferred.length === 0 ? accepted : preferred;
    return optional ? present.find(({ id }) => id === NONE) : undefined;
  }
  return preferred.find(({ id, keyLength, otherAttributes }) => {
    // RFC 7296 section 3.3.6: a transform with an attribute we do not know is one we do not support.
    if (otherAttributes !== undefined) return false;
    if (id >= PRIVATE_USE && !acceptPrivate) return false;
    // RFC 9370 section 2.2.1: no method twice in one proposal.
    if (isKeyExchangeType(type) && id !== NONE && methods.has(id)) return false;
    return accepted.some(
      (other) =>
        other.id === id && other.keyLength === keyLength && other.otherAttributes === undefined,
    );
  });
}

/** Transforms by type in their order. INTEG NONE says the same as no INTEG at all (RFC 7296 section 3.3.2). */
function groupByType(
  proposal: Proposal,
  { ignoreKe = false }: SelectOptions,
): ReadonlyMap<number, readonly Transform[]> {
  const groups = new Map<number, Transform[]>();
  const { transforms } = ignoreKe ? withoutKeyExchanges(proposal) : proposal;
  for (const transform of transforms) {
    const { type, id } = transform;
    if (type === TransformType.INTEG && id === IntegrityId.NONE) continue;
    const group = groups.get(type);
    if (group === undefined) groups.set(type, [transform]);
    else group.push(transform);
  }
  return groups;
}

// The cipher decides about integrity and is chosen first (it has the lowest number); the rest by number.
function byTurn(a: number, b: number): number {
  return a - b;
}

function explain(
  configured: readonly Proposal[],
  received: readonly Proposal[],
  nearest: ProposalMismatch | undefined,
): string {
  if (nearest === undefined)
    return `no proposal of one protocol: received ${printProposals(received) || 'none'}, configured ${printProposals(configured) || 'none'}`;
  const types = nearest.types.map(
    ({ type, configured: ours, received: theirs }) =>
      `${nameOfTransformType(type)} (configured ${list(ours)}, received ${list(theirs)})`,
  );
  return `nearest is configured ${printProposals([nearest.configured])} with received proposal ${nearest.received.number}, which differ in ${types.join(' and ')}`;
}

function list(transforms: readonly Transform[]): string {
  return transforms.length === 0 ? 'none' : transforms.map(printTransform).join('|');
}
