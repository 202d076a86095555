import type { Command } from '../command.ts';
import { listConnTree } from '../events/list-conn.ts';
import { textInput } from '../inputs.ts';

/** One `list-conn` event per connection, then an empty answer. */
export const listConns: Command = {
  name: 'list-conns',
  run: async ({ tree }, context) => {
    const ike = textInput(tree, 'ike');
    const { control } = context.services;
    const only = ike === undefined ? undefined : control.connection(ike);
    const chosen = only === undefined ? [] : [only];
    for (const config of ike === undefined ? control.connections() : chosen) {
      if (context.signal.aborted) break;
      context.event('list-conn', listConnTree(config));
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
