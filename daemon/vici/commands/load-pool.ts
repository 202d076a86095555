import { parsePool } from '../../config/pool.ts';
import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';

/** Adds, updates or replaces pools of virtual IPs. All sections are checked before the first is loaded. */
export const loadPool: Command = {
  name: 'load-pool',
  run: ({ tree, broken }, { services: { control }, log }) => {
    if (broken) return failure('parsing request failed');
    const pools = tree.flatMap((entry) =>
      entry.kind === 'section' ? [parsePool(entry.name, entry.entries)] : [],
    );
    for (const pool of pools) {
      const outcome = control.pools.load(pool);
      if (!outcome.ok) return failure(outcome.errmsg);
      const { first, size } = pool.range;
      log.log('cfg', 1, `added vici pool ${pool.name}: ${first}, ${size} entries`);
    }
    return SUCCESS;
  },
};
