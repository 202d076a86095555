import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes an authority. */
export const unloadAuthority: Command = {
  name: 'unload-authority',
  run: ({ tree }, { services: { credentials }, log }) => {
    const name = textInput(tree, 'name');
    if (name === undefined) return failure('unload: missing authority name');
    if (!credentials.unloadAuthority(name)) return failure(`unload: authority '${name}' not found`);
    log.log('cfg', 1, `removed vici authority ${name}`);
    return SUCCESS;
  },
};
