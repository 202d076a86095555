import type { Tree } from '../../config/tree.ts';
import { failure, outcomeTree } from '../answers.ts';
import type { Command, CommandContext } from '../command.ts';
import { controlLog } from '../events/control-log.ts';
import { boolInput, intInput, textInput } from '../inputs.ts';

/** Starts an SA from a loaded connection and waits for the result, streaming what is logged meanwhile. */
export const initiate: Command = {
  name: 'initiate',
  run: async ({ tree }, context) => {
    const child = textInput(tree, 'child');
    const ike = textInput(tree, 'ike');
    const missing = findMissing(child, ike, context);
    if (missing !== undefined) return missing;
    const timeout = intInput(tree, 'timeout', 0);
    const outcome = await context.services.control.initiate(
      {
        ...(child === undefined ? {} : { child }),
        ...(ike === undefined ? {} : { ike }),
        timeout,
        initLimits: boolInput(tree, 'init-limits'),
      },
      timeout < 0 ? () => undefined : controlLog(context, intInput(tree, 'loglevel', 1)),
      context.signal,
    );
    return outcomeTree(outcome);
  },
};

function findMissing(
  child: string | undefined,
  ike: string | undefined,
  { services: { control } }: CommandContext,
): Tree | undefined {
  if (child !== undefined) {
    if (control.findChild(child, ike) !== undefined) return undefined;
    return failure(`CHILD_SA config '${child}' not found`);
  }
  if (ike === undefined) return failure('missing configuration name');
  if (control.connection(ike) !== undefined) return undefined;
  return failure(`IKE_SA config '${ike}' not found`);
}
