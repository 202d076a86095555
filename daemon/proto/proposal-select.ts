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
import { isAead } from './proposal-transforms.ts';

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
  const ours = byType(configured, options);
  const theirs = byType(received, options);
  const chosen: Transform[] = [];
  let mismatches = NO_MISMATCHES;
  let combined = false;
  // Both lists are walked side by side, the transforms of one type at a time.
  let [i, j] = [0, 0];
  while (i < ours.length || j < theirs.length) {
    const type = Math.min(ours[i]?.type ?? LAST_TYPE, theirs[j]?.type ?? LAST_TYPE);
    const mine = ours.slice(i, endOfType(ours, i, type));
    const other = theirs.slice(j, endOfType(theirs, j, type));
    i += mine.length;
    j += other.length;
    if (type === TransformType.INTEG && combined) continue;
    const preferred = options.preferConfigured ? mine : other;
    const accepted = options.preferConfigured ? other : mine;
    const choice = chooseOf(type, configured.protocol, preferred, accepted, chosen, options);
    if (choice === undefined) {
      mismatches = [...mismatches, { type, configured: mine, received: other }];
      continue;
    }
    // NONE is answered only to a peer that listed it: an answer must not name what was not offered.
    if (choice.id !== NONE || !hasNone(type) || other.length > 0) chosen.push(choice);
    if (type === TransformType.ENCR) combined = isAead(choice.id);
  }
  return { chosen, mismatches };
}

const NO_MISMATCHES: readonly TransformMismatch[] = [];
const LAST_TYPE = 0xff;
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
  chosen: readonly Transform[],
  { acceptPrivate = false }: SelectOptions,
): Transform | undefined {
  const optional =
    isKeyExchangeType(type) && (type !== TransformType.KE || protocol !== ProtocolId.IKE);
  if (preferred.length === 0 || accepted.length === 0) {
    const present = preferred.length === 0 ? accepted : preferred;
    return optional ? present.find(({ id }) => id === NONE) : undefined;
  }
  for (const transform of preferred) {
    // RFC 7296 section 3.3.6: a transform with an attribute we do not know is one we do not support.
    if (transform.otherAttributes !== undefined) continue;
    if (transform.id >= PRIVATE_USE && !acceptPrivate) continue;
    // RFC 9370 section 2.2.1: no method twice in one proposal.
    if (isKeyExchangeType(type) && transform.id !== NONE && exchanges(chosen, transform.id))
      continue;
    if (lists(accepted, transform)) return transform;
  }
  return undefined;
}

function exchanges(chosen: readonly Transform[], method: number): boolean {
  for (const { type, id } of chosen) if (id === method && isKeyExchangeType(type)) return true;
  return false;
}

function lists(transforms: readonly Transform[], { id, keyLength }: Transform): boolean {
  for (const other of transforms) {
    if (other.id === id && other.keyLength === keyLength && other.otherAttributes === undefined)
      return true;
  }
  return false;
}

/**
 * Transforms that count, those of one type together in their order. INTEG NONE says the same as no INTEG at all (RFC 7296 section
 * 3.3.2). The cipher decides about integrity and is chosen first (it has the lowest number); the rest by number.
 */
function byType(
  { transforms }: Proposal,
  { ignoreKe = false }: SelectOptions,
): readonly Transform[] {
  const counts = ({ type, id }: Transform): boolean =>
    !(ignoreKe && isKeyExchangeType(type)) &&
    !(type === TransformType.INTEG && id === IntegrityId.NONE);
  const used = transforms.every(counts) ? transforms : transforms.filter(counts);
  // Most peers list them in this order already.
  const inTurn = used.every(({ type }, i) => i === 0 || type >= (used[i - 1]?.type ?? 0));
  return inTurn ? used : used.toSorted((a, b) => a.type - b.type);
}

function endOfType(transforms: readonly Transform[], from: number, type: number): number {
  let end = from;
  while (transforms[end]?.type === type) end++;
  return end;
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
