import { section, type Tree, value } from '../../config/tree.ts';
import { failure } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { boolInput, textInput } from '../inputs.ts';

/** Counters of one connection, of all of them, or the global ones, whose section has an empty name. */
export const getCounters: Command = {
  name: 'get-counters',
  run: (message, { services: { control } }) => {
    const mistake = inputMistake(message, { name: 'text', all: 'bool' });
    if (mistake !== undefined) return failure(mistake);
    const { tree } = message;
    const counters = control.counters();
    if (boolInput(tree, 'all')) return answer([...counters.ofConnections()]);
    const name = textInput(tree, 'name');
    const values = name === undefined ? counters.global : counters.of(name);
    if (values === undefined) {
      return [section('counters', []), ...failure('no counters found for this connection')];
    }
    return answer([[name ?? '', values]]);
  },
};

function answer(sets: readonly (readonly [string, Readonly<Record<string, number>>])[]): Tree {
  return [
    section(
      'counters',
      sets.map(([name, values]) =>
        section(
          name,
          Object.entries(values).map(([counter, count]) => value(counter, count)),
        ),
      ),
    ),
    value('success', 'yes'),
  ];
}
