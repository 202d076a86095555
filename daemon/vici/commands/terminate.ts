import { optional, type Tree, value } from '../../config/tree.ts';
import type { SaSelector } from '../../control/control.ts';
import { failure } from '../answers.ts';
import type { Command } from '../command.ts';
import { controlLog } from '../events/control-log.ts';
import { boolInput, intInput, textInput } from '../inputs.ts';

/** Closes all SAs that match, one after the other, streaming what is logged meanwhile. */
export const terminate: Command = {
  name: 'terminate',
  run: async ({ tree }, context) => {
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

/** The keys that say which SAs are meant; zero and absent ones are left out. */
export function saSelector(tree: Tree): SaSelector {
  const child = textInput(tree, 'child');
  const ike = textInput(tree, 'ike');
  const childId = intInput(tree, 'child-id', 0);
  const ikeId = intInput(tree, 'ike-id', 0);
  return {
    ...(child === undefined ? {} : { child }),
    ...(ike === undefined ? {} : { ike }),
    ...(childId === 0 ? {} : { childId }),
    ...(ikeId === 0 ? {} : { ikeId }),
  };
}
