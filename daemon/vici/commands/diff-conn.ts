import { parseConnection } from '../../config/connection.ts';
import { findList, type TreeEntry } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import { failure, SUCCESS } from '../answers.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';

/**
 * Ours: what `load-conn` of these sections, and `unload-conn` of the names in list `unload`, would change; it changes nothing.
 * A command of its own, because a daemon that does not know it must not load.
 */
export const diffConn: Command = {
  name: 'diff-conn',
  run: ({ tree, broken }, { services }) => {
    if (broken) return failure('parsing request failed');
    const { crypto, credentialReader: credentials, control } = services;
    const changes: TreeEntry[] = [];
    for (const entry of tree) {
      if (entry.kind !== 'section') continue;
      const { config } = parseConnection(entry.name, entry.entries, { crypto, credentials });
      changes.push(changeTree(entry.name, control.previewLoad(config)));
    }
    for (const name of (findList(tree, 'unload') ?? []).map(latin1)) {
      const change = control.previewUnload(name);
      if (change === undefined) return failure(`unload: connection '${name}' not found`);
      changes.push(changeTree(name, change));
    }
    return [...SUCCESS, reportTree(changes)];
  },
};
