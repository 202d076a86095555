import type { Command } from '../command.ts';
import { writeConnection } from '../events/list-conn.ts';
import { textInput } from '../inputs.ts';
import { streamEvents } from '../stream-events.ts';

/** One `list-conn` event per connection, then an empty answer. */
export const listConns: Command = {
  name: 'list-conns',
  run: async ({ tree }, context) => {
    const ike = textInput(tree, 'ike');
    const { control } = context.services;
    const chosen = ike === undefined ? control.connections() : [control.connection(ike)];
    await streamEvents(context, 'list-conn', chosen, writeConnection);
    return [];
  },
};
