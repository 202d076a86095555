import { latin1, utf8 } from '../util/bytes.ts';

/** One element of a message tree. Names are printable ASCII; values are octets. */
export type TreeEntry =
  | { readonly kind: 'value'; readonly name: string; readonly value: Uint8Array }
  | { readonly kind: 'list'; readonly name: string; readonly items: readonly Uint8Array[] }
  | { readonly kind: 'section'; readonly name: string; readonly entries: Tree };

/**
 * A VICI message: key/values, lists and sections in order. It is a list, not an object, because the order means
 * something, names may repeat, and a key such as `__proto__` is then as harmless as any other.
 */
export type Tree = readonly TreeEntry[];

/** What a value may be given as; numbers and bigints are written in decimal. */
export type TreeText = string | number | bigint | Uint8Array;

export function value(name: string, content: TreeText): TreeEntry {
  return { kind: 'value', name, value: octets(content) };
}

export function list(name: string, items: readonly TreeText[]): TreeEntry {
  return { kind: 'list', name, items: items.map(octets) };
}

export function section(name: string, entries: Tree): TreeEntry {
  return { kind: 'section', name, entries };
}

/** `name=yes`, or nothing at all if false: how flags are sent. */
export function flag(name: string, on: boolean): Tree {
  return on ? [value(name, 'yes')] : [];
}

/** The key/value, unless there is nothing to send. */
export function optional(name: string, content: TreeText | undefined): Tree {
  return content === undefined ? [] : [value(name, content)];
}

/** The octets of the first key/value of that name. */
export function findValue(tree: Tree, name: string): Uint8Array | undefined {
  for (const entry of tree) {
    if (entry.kind === 'value' && entry.name === name) return entry.value;
  }
  return undefined;
}

/** The text of the first key/value of that name, one character per octet. */
export function findText(tree: Tree, name: string): string | undefined {
  const found = findValue(tree, name);
  return found === undefined ? undefined : latin1(found);
}

/** The items of the first list of that name. */
export function findList(tree: Tree, name: string): readonly Uint8Array[] | undefined {
  for (const entry of tree) {
    if (entry.kind === 'list' && entry.name === name) return entry.items;
  }
  return undefined;
}

/** The contents of the first section of that name. */
export function findSection(tree: Tree, name: string): Tree | undefined {
  for (const entry of tree) {
    if (entry.kind === 'section' && entry.name === name) return entry.entries;
  }
  return undefined;
}

function octets(content: TreeText): Uint8Array {
  if (content instanceof Uint8Array) return content;
  return utf8(String(content));
}
