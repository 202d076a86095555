import { findList, findText, type Tree } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import { fromHex } from '../../util/hex.ts';

/** Reads the texts of one section, printing what is missing as the stock program does. */
export class Fields {
  readonly tree: Tree;

  constructor(tree: Tree) {
    this.tree = tree;
  }

  /** The text, or `(null)`. */
  text(name: string): string {
    return this.maybe(name) ?? '(null)';
  }

  maybe(name: string): string | undefined {
    return findText(this.tree, name);
  }

  is(name: string): boolean {
    return this.maybe(name) === 'yes';
  }

  items(name: string): readonly string[] {
    return (findList(this.tree, name) ?? []).map(latin1);
  }

  /** A list joined by blanks; an empty one prints as `(null)`. */
  joined(name: string): string {
    const items = this.items(name);
    return items.length === 0 ? '(null)' : items.join(' ');
  }

  /** A security label, which is sent in hexadecimal, as the text it is. */
  label(name: string): string {
    const text = this.text(name);
    const octets = fromHex(text);
    // The kernel or a peer may have chosen it.
    return octets === undefined
      ? text
      : latin1(octets)
          .replace(/\0$/, '')
          .replaceAll(/\p{Cc}/gu, '?');
  }

  number(name: string): number {
    return Number.parseInt(this.maybe(name) ?? '0', 10);
  }

  has(name: string): boolean {
    return this.tree.some((entry) => entry.name === name);
  }
}
