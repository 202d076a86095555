import { failure, SUCCESS } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes a connection and undoes its start actions. */
export const unloadConn: Command = {
  name: 'unload-conn',
  run: async ({ tree }, { services: { control }, log }) => {
    const name = textInput(tree, 'name');
    if (name === undefined) return failure('unload: missing connection name');
    if (!(await control.unloadConnection(name))) {
      return failure(`unload: connection '${name}' not found`);
    }
    log.log('cfg', 1, `removed vici connection: ${name}`);
    return SUCCESS;
  },
};
