import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes a shared secret; one that is not there is no error. */
export const unloadShared: Command = {
  name: 'unload-shared',
  run: ({ tree }, { services: { keys }, log }) => {
    const id = textInput(tree, 'id');
    if (id === undefined) return failure('unique identifier missing');
    if (keys.unload(id)) log.log('cfg', 1, `unloaded shared key '${id}'`);
    return SUCCESS;
  },
};
