import type { Tree } from '../config/tree.ts';
import type { SaSelector } from '../control/control.ts';
import type { InputKind } from './checked-inputs.ts';
import { intInput, textInput } from './inputs.ts';

/** The keys that say which SAs a command is for. */
export const SELECTOR_KEYS: Readonly<Record<'child' | 'ike' | 'child-id' | 'ike-id', InputKind>> = {
  child: 'text',
  ike: 'text',
  'child-id': 'id',
  'ike-id': 'id',
};

/** Reads them; zero and absent ones are left out. */
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
