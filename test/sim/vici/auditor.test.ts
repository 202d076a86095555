import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { Auditor } from './auditor.ts';
import type { DescribedFields, Reference } from './reference.ts';
import { itemsOf } from './reference.ts';

const sa: DescribedFields = {
  reqid: { type: 'uint', present: 'always' },
  state: { type: 'enum', present: 'always', values: ['CREATED', 'INSTALLED'] },
  'spi-in': { type: 'hex', present: 'only in states INSTALLED, REKEYING', format: '8 hex digits' },
  'mark-in': { type: 'hex', present: 'only in states INSTALLED; only if non-zero' },
  'ake1..ake7': { type: 'str', present: 'if any' },
  ts: { type: 'list<ts>', present: 'always (may be empty)' },
};
const outputs: DescribedFields = {
  up: { type: 'enum', present: 'only for the up case', values: ['yes'] },
  '<connection name>': { type: 'section', present: 'exactly one', fields: sa },
};
const REFERENCE: Reference = {
  commands: [
    {
      name: 'ask',
      stream_event: null,
      inputs: { a: { type: 'str' }, 'b|c': { type: 'str' } },
      outputs: {
        success: { type: 'enum', present: 'always', values: ['yes', 'no'] },
        errmsg: { type: 'str', present: 'only when success=no' },
      },
      error_messages: ['<name> not found', 'missing name'],
      has_success_key: true,
    },
  ],
  events: [
    { name: 'one', outputs },
    { name: 'two', outputs },
  ],
};

const GOOD: Tree = [
  value('reqid', 1),
  value('state', 'INSTALLED'),
  value('spi-in', '0a0b0c0d'),
  value('ake1', 'ML_KEM_768'),
  value('ake2', 'ML_KEM_768'),
  list('ts', ['10.0.0.0/8[tcp/http]', '10.0.0.1..10.0.0.9', '::/0', '10.0.0.0/8[tcp/OPAQUE]']),
];

function wrong(...entries: Tree): readonly string[] {
  const auditor = new Auditor(REFERENCE);
  auditor.event('one', [section('gw', entries)]);
  return auditor.wrong.map((text) => text.replace('one > <connection name> > ', ''));
}

const without = (name: string): Tree => GOOD.filter((entry) => entry.name !== name);
const replaced = (...entries: Tree): Tree =>
  GOOD.map((entry) => entries.find(({ name }) => name === entry.name) ?? entry);

describe('the auditor', () => {
  test('has nothing to say of what is as described', () => {
    expect(wrong(...GOOD)).toEqual([]);
  });

  test.each<[string, Tree, string]>([
    ['a key that is missing', without('reqid'), 'reqid is missing'],
    ['one that depends on the state', without('spi-in'), 'spi-in is missing'],
    [
      'one that must not be there',
      replaced(value('state', 'CREATED')),
      'spi-in: only in states INSTALLED, REKEYING',
    ],
    ['an unknown key', [...GOOD, value('more', 1)], 'more is not described'],
    ['a wrong order', GOOD.toReversed(), 'state comes after ts'],
    ['a repetition', [value('reqid', 1), ...GOOD], 'reqid is there 2 times'],
    ['a text that is no number', replaced(value('reqid', '01')), "reqid '01' is no uint"],
    ['an unknown word', replaced(value('state', 'UP')), "state 'UP' is no enum"],
    ['digits in capitals', replaced(value('spi-in', '0A0B0C0D')), "spi-in '0A0B0C0D' is no hex"],
    [
      'too few digits',
      replaced(value('spi-in', '0a0b')),
      "spi-in '0a0b' is not of the form: 8 hex digits",
    ],
    ['a list that is none', replaced(value('ts', '::/0')), 'ts is a value, not a list'],
    ['a selector that is none', replaced(list('ts', ['x'])), "ts 'x' is no ts"],
    [
      'a zero that says nothing',
      [...GOOD.slice(0, 3), value('mark-in', '0000'), ...GOOD.slice(3)],
      'mark-in holds nothing: only in states INSTALLED; only if non-zero',
    ],
  ])('sees %s', (_what, entries, complaint) => {
    const said = wrong(...entries);
    expect(said.some((text) => text.startsWith(complaint))).toBe(true);
  });

  test('sees two sections where there is one, and errmsg where there is none', () => {
    const auditor = new Auditor(REFERENCE);
    auditor.event('one', [section('gw', GOOD), section('gx', GOOD)]);
    expect(auditor.wrong).toEqual(['one > <connection name> is there 2 times']);
    auditor.answer('ask', [value('success', 'no')]);
    auditor.answer('ask', [value('success', 'yes'), value('errmsg', 'x')]);
    expect(auditor.wrong.slice(1)).toEqual([
      'ask > errmsg is missing',
      'ask > errmsg: only when success=no',
    ]);
  });

  test('knows what was not exercised, and what only through a table', () => {
    const auditor = new Auditor(REFERENCE);
    const items = itemsOf(REFERENCE);
    auditor.request('ask', [value('c', 1)]);
    auditor.answer('ask', [value('success', 'no'), value('errmsg', 'gw not found: load it')]);
    auditor.event('one', [value('up', 'yes'), section('gw', GOOD)]);
    auditor.event('two', [
      section(
        'gw',
        without('ake1').filter(({ name }) => name !== 'ake2'),
      ),
    ]);
    expect(auditor.missing(items)).toEqual([
      'ask < a',
      'ask ! missing name',
      'one > <connection name> > mark-in',
      'two > up',
      'two > <connection name> > mark-in',
    ]);
    expect(auditor.throughTables(items)).toBe(1);
  });
});
