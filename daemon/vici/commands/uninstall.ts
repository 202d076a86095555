import { failure, outcomeTree } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Removes an installed trap or shunt policy. */
export const uninstall: Command = {
  name: 'uninstall',
  run: async ({ tree }, { services: { control } }) => {
    const child = textInput(tree, 'child');
    if (child === undefined) return failure('missing configuration name');
    return outcomeTree(await control.uninstall(child, textInput(tree, 'ike')));
  },
};
