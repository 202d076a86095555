import { type Tree, value } from '../config/tree.ts';

/** Answer of a command that has nothing else to say. */
export const SUCCESS: Tree = [value('success', 'yes')];

/** Answer of a command that failed; `errmsg` is always there, clients rely on it. */
export function failure(errmsg: string): Tree {
  return [value('success', 'no'), value('errmsg', errmsg)];
}

/** Answer of a command that may have failed. */
export function outcomeTree(
  outcome: { readonly ok: true } | { readonly ok: false; readonly errmsg: string },
): Tree {
  return outcome.ok ? SUCCESS : failure(outcome.errmsg);
}
