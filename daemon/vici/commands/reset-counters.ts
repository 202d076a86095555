import { failure, SUCCESS } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { boolInput, textInput } from '../inputs.ts';

/** Starts counters anew: of one connection, of all of them, or the global ones. An unknown name is no error. */
export const resetCounters: Command = {
  name: 'reset-counters',
  run: (message, { services: { control } }) => {
    const mistake = inputMistake(message, { name: 'text', all: 'bool' });
    if (mistake !== undefined) return failure(mistake);
    const { tree } = message;
    const counters = control.counters();
    const name = textInput(tree, 'name');
    if (boolInput(tree, 'all')) counters.resetConnection();
    else if (name === undefined) counters.resetGlobal();
    else counters.resetConnection(name);
    return SUCCESS;
  },
};
