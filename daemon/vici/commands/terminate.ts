import { optional, value } from '../../config/tree.ts';
import { failure } from '../answers.ts';
import { inputMistake } from '../checked-inputs.ts';
import type { Command } from '../command.ts';
import { controlLog } from '../events/control-log.ts';
import { boolInput, intInput } from '../inputs.ts';
import { SELECTOR_KEYS, saSelector } from '../sa-selector.ts';

const KEYS = { ...SELECTOR_KEYS, force: 'bool', timeout: 'int', loglevel: 'int' } as const;

/** Closes all SAs that match, one after the other, streaming what is logged meanwhile. */
export const terminate: Command = {
  name: 'terminate',
  run: async (message, context) => {
    const mistake = inputMistake(message, KEYS);
    if (mistake !== undefined) return failure(mistake);
    const { tree } = message;
    const selector = saSelector(tree);
    if (Object.keys(selector).length === 0) return failure('missing terminate selector');
    const timeout = intInput(tree, 'timeout', 0);
    const outcome = await context.services.control.terminate(
      { ...selector, force: boolInput(tree, 'force'), timeout },
      timeout < 0 ? () => undefined : controlLog(context, intInput(tree, 'loglevel', 1)),
      context.signal,
    );
    return [
      value('success', outcome.ok ? 'yes' : 'no'),
      value('matches', outcome.matches ?? 0),
      value('terminated', outcome.terminated ?? 0),
      ...optional('errmsg', outcome.ok ? undefined : outcome.errmsg),
    ];
  },
};
