import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes a private key loaded over VICI; keys that the daemon reads itself stay. */
export const unloadKey: Command = {
  name: 'unload-key',
  run: async ({ tree }, { services: { privateKeys }, log }) => {
    const id = textInput(tree, 'id')?.toLowerCase();
    if (id === undefined) return failure('key id missing');
    const gone = (await privateKeys.unload(id, 'vici')) || (await privateKeys.unload(id, 'token'));
    if (!gone) return failure('key not found');
    log.log('cfg', 1, `unloaded private key with id ${id}`);
    return SUCCESS;
  },
};
