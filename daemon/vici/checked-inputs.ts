import { parseBoolWord } from '../config/option-kinds.ts';
import type { TreeEntry } from '../config/tree.ts';
import { latin1, printable } from '../util/bytes.ts';
import { didYouMean } from '../util/did-you-mean.ts';
import type { DecodedMessage } from './message.ts';

/** What a key of a request may be given: `any` counts by its presence alone. */
export type InputKind = 'text' | 'id' | 'int' | 'bool' | 'any';

const ALLOWED: Readonly<Record<InputKind, string>> = {
  text: 'a name',
  id: 'a whole number from 0 to 4294967295',
  int: 'a whole number',
  bool: 'yes or no',
  any: 'any value',
};
const NUMBER = /^\s*[+-]?(?:0[xX][0-9a-fA-F]{1,16}|0[0-7]*|[1-9]\d{0,19})$/;
const MAX_ID = 0xffff_ffff;

/**
 * What is wrong with the keys of a request, as an errmsg that names the key and what is allowed; `undefined` if
 * nothing is. An empty value stands for the default. A selector that is misspelt must not match more than was meant.
 */
export function inputMistake(
  { tree, broken }: DecodedMessage,
  keys: Readonly<Record<string, InputKind>>,
): string | undefined {
  if (broken) return 'parsing request failed';
  const known = new Map(Object.entries(keys));
  const seen = new Set<string>();
  for (const entry of tree) {
    const { name } = entry;
    const kind = known.get(name);
    if (kind === undefined) return unknownKey(name, [...known.keys()]);
    if (entry.kind !== 'value') return `${name} must be a key/value, not a ${entry.kind}`;
    if (seen.has(name)) return `${name} is given twice`;
    seen.add(name);
    const mistake = valueMistake(entry, kind);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

function valueMistake(
  { name, value }: Extract<TreeEntry, { kind: 'value' }>,
  kind: InputKind,
): string | undefined {
  const text = latin1(value);
  if (text === '') return undefined;
  const fits =
    kind === 'bool'
      ? parseBoolWord(text) !== undefined
      : kind === 'id'
        ? NUMBER.test(text) && Number(text) >= 0 && Number(text) <= MAX_ID
        : kind === 'int'
          ? NUMBER.test(text)
          : true;
  if (fits) return undefined;
  const shown = printable(value.subarray(0, MAX_SHOWN));
  return `invalid value '${shown}' for ${name}, allowed: ${ALLOWED[kind]}`;
}

/** Octets of a wrong value that are repeated in an errmsg. */
const MAX_SHOWN = 64;

function unknownKey(name: string, allowed: readonly string[]): string {
  const similar = didYouMean(name, allowed);
  const hint = similar === undefined ? '' : ` (did you mean '${similar}'?)`;
  return `unknown key '${name}'${hint}, allowed: ${allowed.join(', ')}`;
}
