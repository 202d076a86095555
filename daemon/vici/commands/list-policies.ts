import type { Command } from '../command.ts';
import { listPolicyTree } from '../events/list-policy.ts';
import { textInput } from '../inputs.ts';

const KINDS = ['trap', 'pass', 'drop'] as const;

/** One `list-policy` event per installed policy of the kinds whose keys are there, whatever their value. */
export const listPolicies: Command = {
  name: 'list-policies',
  run: async ({ tree }, context) => {
    const child = textInput(tree, 'child');
    const ike = textInput(tree, 'ike');
    const kinds = KINDS.filter((kind) => tree.some(({ name }) => name === kind));
    for (const policy of context.services.control.policies()) {
      if (context.signal.aborted) break;
      if (!kinds.includes(policy.kind)) continue;
      if (child !== undefined && policy.child !== child) continue;
      if (ike !== undefined && policy.ike !== ike) continue;
      context.event('list-policy', listPolicyTree(policy));
      const turn = context.ready();
      if (turn !== undefined) await turn;
    }
    return [];
  },
};
