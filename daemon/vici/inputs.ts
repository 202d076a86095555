import { parseBoolWord } from '../config/option-kinds.ts';
import { findText, type Tree } from '../config/tree.ts';

/** The text of a key, `undefined` if it is absent or empty. */
export function textInput(tree: Tree, key: string): string | undefined {
  const text = findText(tree, key);
  return text === '' ? undefined : text;
}

/** A whole number as C's strtol(…, 0) reads it; anything else is the default, as clients are used to. */
export function intInput(tree: Tree, key: string, fallback: number): number {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]{1,16}|\d{1,20})$/.exec(findText(tree, key) ?? '');
  if (match === null) return fallback;
  const digits = match[2] ?? '';
  const octal = /^0[0-7]+$/.test(digits);
  if (!octal && /^0\d/.test(digits)) return fallback;
  const number = octal ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] === '-' ? -number : number;
}

/** `yes` and the like; anything else, or nothing, is false. */
export function boolInput(tree: Tree, key: string): boolean {
  return parseBoolWord(findText(tree, key) ?? '') ?? false;
}
