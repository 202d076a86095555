import { parsePool } from '../../config/pool.ts';
import type { TreeEntry } from '../../config/tree.ts';
import { failure, SUCCESS } from '../answers.ts';
import { itemTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { boolInput } from '../inputs.ts';

/**
 * Adds, updates or replaces pools of virtual IPs. All sections are checked before the first is loaded. With `report = yes`,
 * which is ours, the answer tells what changed.
 */
export const loadPool: Command = {
  name: 'load-pool',
  run: ({ tree, broken }, { services: { control }, log }) => {
    if (broken) return failure('parsing request failed');
    const pools = tree.flatMap((entry) =>
      entry.kind === 'section' ? [parsePool(entry.name, entry.entries)] : [],
    );
    const report: TreeEntry[] = [];
    for (const pool of pools) {
      const { name } = pool;
      const change = control.pools.compare(pool);
      const outcome = control.pools.load(pool);
      if (!outcome.ok) return failure(outcome.errmsg);
      const { first, size } = pool.range;
      const level = change.outcome === 'unchanged' ? 2 : 1;
      log.log('cfg', level, `added vici pool ${name}: ${first}, ${size} entries`);
      if (change.keys.length > 0)
        log.log('cfg', 1, `pool '${name}': changed ${change.keys.join(', ')}`);
      report.push(itemTree(name, change));
    }
    return boolInput(tree, 'report') ? [...SUCCESS, reportTree(report)] : SUCCESS;
  },
};
