import { optional, value } from '../../config/tree.ts';
import { failure } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { boolInput } from '../inputs.ts';
import { SELECTOR_KEYS, saSelector } from '../sa-selector.ts';

/** Queues rekeying, or reauthentication, of every SA that matches; nobody waits for it. */
export const rekey: Command = {
  name: 'rekey',
  run: async (message, { services: { control } }) => {
    const mistake = inputMistake(message, { ...SELECTOR_KEYS, reauth: 'bool' });
    if (mistake !== undefined) return failure(mistake);
    const { tree } = message;
    const selector = saSelector(tree);
    if (Object.keys(selector).length === 0) return failure('missing rekey selector');
    const outcome = await control.rekey({ ...selector, reauth: boolInput(tree, 'reauth') });
    return [
      value('success', outcome.ok ? 'yes' : 'no'),
      value('matches', outcome.matches),
      ...optional('errmsg', outcome.ok ? undefined : outcome.errmsg),
    ];
  },
};
