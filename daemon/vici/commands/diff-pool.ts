import { parsePool } from '../../config/pool.ts';
import { findList, section, type TreeEntry, value } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import { failure, SUCCESS } from '../answers.ts';
import { itemTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';

/** Ours: what `load-pool` of these sections, and `unload-pool` of the names in list `unload`, would change; it changes nothing. */
export const diffPool: Command = {
  name: 'diff-pool',
  run: ({ tree, broken }, { services: { control } }) => {
    if (broken) return failure('parsing request failed');
    const changes: TreeEntry[] = [];
    for (const entry of tree) {
      if (entry.kind !== 'section') continue;
      const change = control.pools.compare(parsePool(entry.name, entry.entries));
      if (change.refused !== undefined) return failure(change.refused);
      changes.push(itemTree(entry.name, change));
    }
    for (const name of (findList(tree, 'unload') ?? []).map(latin1)) {
      const refused = control.pools.whyStays(name);
      if (refused !== undefined) return failure(refused);
      changes.push(section(name, [value('outcome', 'removed')]));
    }
    return [...SUCCESS, reportTree(changes)];
  },
};
