import type { Command } from '../command.ts';
import { listConnTree } from '../events/list-conn.ts';
import { textInput } from '../inputs.ts';

/** One `list-conn` event per connection, then an empty answer. */
export const listConns: Command = {
  name: 'list-conns',
  run: async ({ tree }, context) => {
    const ike = textInput(tree, 'ike');
    for (const config of context.services.control.connections()) {
      if (context.signal.aborted) break;
      if (ike !== undefined && config.name !== ike) continue;
      context.event('list-conn', listConnTree(config));
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
