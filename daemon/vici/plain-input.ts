import { list, section, type Tree, type TreeEntry, value } from '../config/tree.ts';
import { latin1 } from '../util/bytes.ts';

/** What a request is written as: nested objects are sections, arrays lists, everything else key/values. */
export interface ViciInput {
  readonly [key: string]:
    | string
    | number
    | bigint
    | boolean
    | Uint8Array
    | readonly (string | Uint8Array)[]
    | ViciInput
    | undefined;
}

/** What an answer without a schema is read as; texts hold one character per octet. The first of equal keys counts. */
export type ViciMap = ReadonlyMap<string, string | readonly string[] | ViciMap>;

/**
 * A request as a message tree; `undefined` is left out, booleans become `yes` and `no`. Throws `TypeError` for numbers that
 * are not whole.
 */
export function toTree(input: ViciInput): Tree {
  return Object.entries(input).flatMap(([name, content]): readonly TreeEntry[] => {
    if (content === undefined) return [];
    if (content === null) throw new TypeError(`'${name}' is null: leave it out`);
    if (typeof content === 'boolean') return [value(name, content ? 'yes' : 'no')];
    if (typeof content === 'number' && !Number.isSafeInteger(content))
      throw new TypeError(`'${name}' is ${content}, which is no whole number`);
    if (typeof content !== 'object' || content instanceof Uint8Array) return [value(name, content)];
    if (isItems(content)) return [list(name, content)];
    return [section(name, toTree(content))];
  });
}

function isItems(
  content: ViciInput | readonly (string | Uint8Array)[],
): content is readonly (string | Uint8Array)[] {
  return Array.isArray(content);
}

/** A message tree as nested maps. */
export function toMap(tree: Tree): ViciMap {
  const map = new Map<string, string | readonly string[] | ViciMap>();
  for (const entry of tree) {
    if (map.has(entry.name)) continue;
    if (entry.kind === 'value') map.set(entry.name, latin1(entry.value));
    else if (entry.kind === 'list') map.set(entry.name, entry.items.map(latin1));
    else map.set(entry.name, toMap(entry.entries));
  }
  return map;
}
