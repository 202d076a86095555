import { failure, SUCCESS } from '../answers.ts';
import { changeLines } from '../change-lines.ts';
import { changeTree, reportTree } from '../change-tree.ts';
import type { Command } from '../command.ts';
import { boolInput, textInput } from '../inputs.ts';

/** Removes a connection and undoes its start actions. With `report = yes`, which is ours, the answer tells what goes on. */
export const unloadConn: Command = {
  name: 'unload-conn',
  run: async ({ tree }, { services: { control }, log }) => {
    const name = textInput(tree, 'name');
    if (name === undefined) return failure('unload: missing connection name');
    const change = await control.unloadConnection(name);
    if (change === undefined) return failure(`unload: connection '${name}' not found`);
    log.log('cfg', 1, `removed vici connection: ${name}`);
    for (const line of changeLines(name, change)) log.log('cfg', 1, line);
    return boolInput(tree, 'report')
      ? [...SUCCESS, reportTree([changeTree(name, change)])]
      : SUCCESS;
  },
};
