import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { decodeEvent, decodeFields, decodeNamed } from '../../../daemon/vici/decode.ts';
import {
  bigint,
  type Fields,
  flag,
  items,
  maybe,
  named,
  number,
  octets,
  one,
  oneOf,
  section as schema,
  someOf,
  text,
  texts,
  textsByName,
} from '../../../daemon/vici/schema/fields.ts';

const INNER = schema('Inner', '', { n: number() });

const FIELDS: Fields = {
  text: text(),
  number: number(),
  big: bigint(),
  flag: flag(),
  octets: octets(),
  texts: texts(),
  word: oneOf(['A', 'B']),
  words: someOf(['A', 'B']),
  one: one(INNER),
  named: named(INNER),
  numbered: items(INNER),
  'round-': items(INNER, 'round-'),
  names: textsByName(),
  perhaps: maybe(number()),
};

const FULL: Tree = [
  value('text', 'ü€'),
  value('number', '-5'),
  value('big', '18446744073709551615'),
  value('flag', 'yes'),
  value('octets', Uint8Array.of(255, 0)),
  list('texts', ['a', 'b']),
  value('word', 'C'),
  list('words', ['A']),
  section('one', [value('n', 1)]),
  section('named', [section('x', [value('n', 2)]), section('__proto__', [value('n', 3)])]),
  section('numbered', [section('0', [value('n', 4)]), section('1', [value('n', 5)])]),
  section('round-1', [value('n', 6)]),
  section('names', [value('AES', 'openssl'), value('AES', 'again')]),
  section('round-2', [value('n', 7)]),
  value('perhaps', '08'),
  value('unknown', 'x'),
  value('text', 'a second one'),
];

describe('a message is read by its schema', () => {
  test('every kind of key', () => {
    expect(decodeFields(FULL, FIELDS)).toEqual({
      text: 'ü€',
      number: -5,
      big: 18446744073709551615n,
      flag: true,
      octets: Uint8Array.of(255, 0),
      texts: ['a', 'b'],
      // A word of a later version is as good as any.
      word: 'C',
      words: ['A'],
      one: { n: 1 },
      named: new Map([
        ['x', { n: 2 }],
        ['__proto__', { n: 3 }],
      ]),
      numbered: [{ n: 4 }, { n: 5 }],
      'round-': [{ n: 6 }, { n: 7 }],
      names: new Map([['AES', 'openssl']]),
      perhaps: 8,
    });
    expect(Object.getPrototypeOf(decodeFields(FULL, FIELDS))).toBe(null);
  });

  test('lists, flags and optional keys may be missing, nothing else', () => {
    const without = (...names: string[]): Tree => FULL.filter(({ name }) => !names.includes(name));
    const missing = ['flag', 'texts', 'words', 'named', 'numbered', 'names', 'perhaps'];
    expect(decodeFields(without(...missing, 'round-1', 'round-2'), FIELDS)).toMatchObject({
      flag: false,
      texts: [],
      words: [],
      named: new Map(),
      numbered: [],
      'round-': [],
      names: new Map(),
    });
    for (const name of ['text', 'number', 'big', 'octets', 'word', 'one'])
      expect(() => decodeFields(without(name), FIELDS)).toThrow(`${name} is missing`);
  });

  test.each(['', '1.5', '0x10', '1e3', 'x', ' 1', '-', '123456789012345678901'])(
    "'%s' is no number",
    (digits) => {
      const fields = { n: number() };
      expect(() => decodeFields([value('n', digits)], fields)).toThrow(
        `the daemon sent what was not expected: n is '${digits}', which is no number`,
      );
    },
  );

  test('a key of another kind counts as missing', () => {
    expect(() => decodeFields([list('n', ['1'])], { n: number() })).toThrow('n is missing');
    expect(() => decodeFields([value('n', '1')], { n: one(INNER) })).toThrow('n is missing');
    expect(decodeFields([value('n', '1')], { n: texts() })).toEqual({ n: [] });
  });

  test('the section of an event has its name beside it', () => {
    const event = {
      name: 'e',
      doc: '',
      fields: { up: flag() },
      named: { as: 'ike', section: INNER },
      scope: 'global',
    } as const;
    const tree = [value('up', 'yes'), section('gw', [value('n', 1)])];
    expect(decodeEvent(tree, event)).toEqual({ up: true, name: 'gw', ike: { n: 1 } });
    expect(() => decodeEvent([value('up', 'yes')], event)).toThrow('e has no section');
    expect(decodeNamed(tree, INNER)).toEqual(new Map([['gw', { n: 1 }]]));
  });
});
