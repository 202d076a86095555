import { findSection, type Tree } from '../../config/tree.ts';
import { Fields } from '../swanctl/fields.ts';
import type { IpsecSession } from './session.ts';

/** An IKE_SA as the daemon lists it. */
export interface ListedIke {
  readonly name: string;
  readonly fields: Fields;
  readonly children: readonly Fields[];
}

/** All IKE_SAs, in the daemon's order. */
export async function listIkes(
  session: IpsecSession,
  input: Tree = [],
): Promise<readonly ListedIke[]> {
  const events = await session.collect('list-sas', 'list-sa', input);
  return events.flatMap((event) =>
    event.flatMap((entry) => {
      if (entry.kind !== 'section') return [];
      const children = (findSection(entry.entries, 'child-sas') ?? []).flatMap((child) =>
        child.kind === 'section' ? [new Fields(child.entries)] : [],
      );
      return [{ name: entry.name, fields: new Fields(entry.entries), children }];
    }),
  );
}
