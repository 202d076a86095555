import type { Command } from '../command.ts';
import { listAuthorityTree } from '../events/list-authority.ts';
import { textInput } from '../inputs.ts';

/** One `list-authority` event per authority, then an empty answer. */
export const listAuthorities: Command = {
  name: 'list-authorities',
  run: async ({ tree }, context) => {
    const name = textInput(tree, 'name');
    for (const authority of context.services.credentials.authorities()) {
      if (context.signal.aborted) break;
      if (name !== undefined && authority.name !== name) continue;
      context.event('list-authority', listAuthorityTree(authority));
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
