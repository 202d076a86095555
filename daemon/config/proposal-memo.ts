import type { Crypto } from '../contracts/crypto.ts';
import type { Proposal } from '../proto/proposal.ts';
import { type ProposalKind, parseProposals } from './proposals-text.ts';

/** Texts remembered; beyond that the oldest is forgotten. */
const MAX_TEXTS = 256;

// Thousands of connections are written with the same few proposals: they share one immutable value.
const known = new WeakMap<Crypto, Map<string, readonly Proposal[]>>();

/** `parseProposals`, giving the same value for the same text. */
export function sharedProposals(
  kind: ProposalKind,
  items: readonly string[],
  crypto: Crypto,
): readonly Proposal[] {
  const texts = known.get(crypto) ?? new Map<string, readonly Proposal[]>();
  known.set(crypto, texts);
  const key = `${kind}:${items.join(',')}`;
  const remembered = texts.get(key);
  if (remembered !== undefined) return remembered;
  const proposals = parseProposals(kind, items, crypto);
  const [oldest] = texts.keys();
  if (texts.size >= MAX_TEXTS && oldest !== undefined) texts.delete(oldest);
  texts.set(key, proposals);
  return proposals;
}
