import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes a pool that has no online leases. */
export const unloadPool: Command = {
  name: 'unload-pool',
  run: ({ tree }, { services: { control }, log }) => {
    const name = textInput(tree, 'name');
    if (name === undefined) return failure('missing pool name to unload');
    const outcome = control.pools.unload(name);
    if (!outcome.ok) return failure(outcome.errmsg);
    log.log('cfg', 1, `unloaded vici pool ${name}`);
    return SUCCESS;
  },
};
