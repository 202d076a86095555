import { failure, outcomeTree } from '../answers.ts';
import type { Command } from '../command.ts';
import { textInput } from '../inputs.ts';

/** Installs the trap policy of a child, or the shunt of mode pass or drop. */
export const install: Command = {
  name: 'install',
  run: async ({ tree }, { services: { control } }) => {
    const child = textInput(tree, 'child');
    const ike = textInput(tree, 'ike');
    if (child === undefined) return failure('missing configuration name');
    if (control.findChild(child, ike) === undefined) return failure('configuration name not found');
    return outcomeTree(await control.install(child, ike));
  },
};
