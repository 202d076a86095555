import { parseConnection } from '../../config/connection.ts';
import type { TreeEntry } from '../../config/tree.ts';
import { failure, SUCCESS } from '../answers.ts';
import { changeLines } from '../change-lines.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { boolInput } from '../inputs.ts';

/**
 * Adds, updates or replaces connections. All sections are checked before the first is loaded. With `report = yes`, which is
 * ours, the answer tells what changed.
 */
export const loadConn: Command = {
  name: 'load-conn',
  run: async ({ tree, broken }, { services, log }) => {
    if (broken) return failure('parsing request failed');
    const { crypto, credentialReader: credentials } = services;
    const parsed = tree.flatMap((entry) =>
      entry.kind === 'section'
        ? [parseConnection(entry.name, entry.entries, { crypto, credentials })]
        : [],
    );
    const report: TreeEntry[] = [];
    for (const { config, warnings } of parsed) {
      const { name } = config;
      for (const warning of warnings) log.log('cfg', 1, `connection '${name}': ${warning}`);
      const change = await services.control.loadConnection(config);
      const { outcome } = change;
      log.log('cfg', outcome === 'unchanged' ? 2 : 1, `${outcome} vici connection: ${name}`);
      for (const line of changeLines(name, change)) log.log('cfg', 1, line);
      report.push(changeTree(name, change));
    }
    return boolInput(tree, 'report') ? [...SUCCESS, reportTree(report)] : SUCCESS;
  },
};
