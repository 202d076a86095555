import type { Crypto } from '../contracts/crypto.ts';
import type { SelectorConfig } from '../proto/traffic-selector-text.ts';
import { latin1 } from '../util/bytes.ts';
import { Recent } from '../util/recent.ts';
import type { ParsedRound } from './auth.ts';
import type { ChildConfig, ConnectionConfig } from './connection-types.ts';
import type { Tree } from './tree.ts';

/** Texts remembered of each kind. */
const LIMIT = 128;
/** Longer ones are not worth remembering. */
const MAX_TEXT = 2048;

/**
 * What was read lately, by the text it was read from. Thousands of connections differ in a few keys only: what the others say is read once, and
 * equal parts are one immutable value, which is also what makes comparing them cheap. Nothing that came with a warning is remembered.
 */
export class SectionMemo {
  static readonly #known = new WeakMap<Crypto, SectionMemo>();
  readonly connections = new Recent<ConnectionConfig>(LIMIT);
  readonly rounds = new Recent<ParsedRound>(LIMIT);
  readonly children = new Recent<ChildConfig>(LIMIT);
  readonly localTs = new Recent<readonly SelectorConfig[]>(LIMIT);
  readonly remoteTs = new Recent<readonly SelectorConfig[]>(LIMIT);

  /** The one for these algorithms: proposals depend on them. */
  static of(crypto: Crypto): SectionMemo {
    const known = SectionMemo.#known.get(crypto);
    if (known !== undefined) return known;
    const memo = new SectionMemo();
    SectionMemo.#known.set(crypto, memo);
    return memo;
  }
}

/** A section as the keys that often differ, and the text of all others. */
export interface SplitSection {
  /** In order, sub-sections left out. */
  readonly varying: Tree;
  /** Stands for the other keys, their order and values; `undefined` if it is too long to be remembered. */
  readonly common: string | undefined;
}

/** Splits a section; sub-sections are in neither part. */
export function splitSection(tree: Tree, varies: ReadonlySet<string>): SplitSection {
  const varying: Tree[number][] = [];
  let common = '';
  for (const entry of tree) {
    if (entry.kind === 'section') continue;
    if (varies.has(entry.name)) {
      varying.push(entry);
      continue;
    }
    // With lengths, so that no two sections have one text.
    if (entry.kind === 'value') {
      if (entry.value.length > MAX_TEXT) return { varying, common: undefined };
      common += `${entry.name}=${entry.value.length}:${latin1(entry.value)}`;
    } else {
      common += `${entry.name}*${entry.items.length}`;
      for (const item of entry.items) {
        if (item.length > MAX_TEXT) return { varying, common: undefined };
        common += `:${item.length}:${latin1(item)}`;
        if (common.length > MAX_TEXT) break;
      }
    }
    if (common.length > MAX_TEXT) return { varying, common: undefined };
  }
  return { varying, common };
}
