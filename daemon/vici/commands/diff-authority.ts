import { parseAuthority } from '../../config/authority.ts';
import { findList, section, type TreeEntry, value } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import { failure, SUCCESS } from '../answers.ts';
import { itemTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { refusedAuthority } from './load-authority.ts';

/** Ours: what `load-authority` of these sections, and `unload-authority` of the names in list `unload`, would change; it changes nothing. */
export const diffAuthority: Command = {
  name: 'diff-authority',
  run: ({ tree, broken }, { services: { credentials } }) => {
    if (broken) return failure('parsing request failed');
    const changes: TreeEntry[] = [];
    for (const entry of tree) {
      if (entry.kind !== 'section') continue;
      const change = credentials.compareAuthority(parseAuthority(entry.name, entry.entries));
      if (!change.ok) return refusedAuthority(change.explanation);
      changes.push(itemTree(entry.name, change));
    }
    const known = new Set(credentials.authorities().map(({ name }) => name));
    for (const name of (findList(tree, 'unload') ?? []).map(latin1)) {
      if (!known.has(name)) return failure(`unload: authority '${name}' not found`);
      changes.push(section(name, [value('outcome', 'removed')]));
    }
    return [...SUCCESS, reportTree(changes)];
  },
};
