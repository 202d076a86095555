import { nameOfPurpose, wordOfTransform, wordsOfProposal } from '../../config/proposal-words.ts';
import { TransformType } from '../../proto/iana/transforms.ts';
import type { Proposal, Transform } from '../../proto/proposal.ts';
import type { ProposalMismatch } from '../../proto/proposal-select.ts';
import { clipped } from './clipped.ts';
import type { Difference } from './failure.ts';

/** The two proposals that came nearest to each other as a whole, and each kind of algorithm in which they differ. */
export function differencesOf({
  configured,
  received,
  types,
}: ProposalMismatch): readonly Difference[] {
  return [
    {
      what: 'proposal',
      ours: clipped(wordsOfProposal(configured)),
      theirs: clipped(wordsOfProposal(received)),
    },
    ...types.map(({ type, configured: ours, received: theirs }) => ({
      what: nameOfPurpose(type),
      ours: words(ours),
      theirs: words(theirs),
    })),
  ];
}

function words(transforms: readonly Transform[]): string {
  return transforms.length === 0 ? 'none' : clipped(transforms.map(wordOfTransform).join(', '));
}

/** What we proposed to a peer that only says no. */
export function ofUnknownProposals(ours: readonly Proposal[]): Difference {
  const listed = ours.map(wordsOfProposal).join(', ');
  return { what: 'proposal', ours: clipped(listed), theirs: UNKNOWN };
}

/** What a side that only says no would have wanted. */
export const UNKNOWN = '(it does not say)';

/** The key exchange methods that we offer, and the one that the peer asks for. */
export function ofKeyExchanges(offered: readonly number[], wanted: number): Difference {
  const word = (id: number): string => wordOfTransform({ type: TransformType.KE, id });
  return { what: 'key exchange', ours: offered.map(word).join(', '), theirs: word(wanted) };
}
