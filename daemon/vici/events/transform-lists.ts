import { list } from '../../config/tree.ts';
import { TransformType, transformName } from '../../proto/iana/transforms.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { encodeMessage } from '../message.ts';

const LISTS: readonly (readonly [string, number])[] = [
  ['encr', TransformType.ENCR],
  ['integ', TransformType.INTEG],
  ['prf', TransformType.PRF],
  ['ke', TransformType.KE],
  ...[1, 2, 3, 4, 5, 6, 7].map((n) => [`ake${n}`, TransformType.ADDKE1 + n - 1] as const),
  ['sn', TransformType.SN],
];

// Thousands of connections share a few proposals, which never change.
const written = new WeakMap<Proposal, Uint8Array>();

/** The transforms of a configured proposal as they stand on the wire: one list for each type that it has. */
export function transformLists(proposal: Proposal): Uint8Array {
  const known = written.get(proposal);
  if (known !== undefined) return known;
  const octets = encodeMessage(lists(proposal));
  written.set(proposal, octets);
  return octets;
}

function lists({ transforms }: Proposal): ReturnType<typeof list>[] {
  return LISTS.flatMap(([name, type]) => {
    const items = transforms
      .filter((transform) => transform.type === type)
      .map(({ id, keyLength }) => {
        const printed = transformName(type, id);
        return keyLength === undefined ? printed : `${printed}_${keyLength}`;
      });
    return items.length === 0 ? [] : [list(name, items)];
  });
}
