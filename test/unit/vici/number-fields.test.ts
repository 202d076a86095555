import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { answerFields, eventFields, type FieldTypes } from '../../../daemon/vici/number-fields.ts';
import { hasSharedData, sharedData } from '../../support/shared-data.ts';

interface Field {
  readonly type: string;
  readonly fields?: Readonly<Record<string, Field>>;
}
type Fields = Readonly<Record<string, Field>>;

const PATH = '../reference/vici.json';
const present = hasSharedData(PATH);
const reference: Record<'commands' | 'events', readonly { name: string; outputs: Fields }[]> =
  present ? JSON.parse(readFileSync(sharedData(PATH), 'utf8')) : { commands: [], events: [] };

const NUMBERS = ['int', 'uint', 'uint64'];

/** Paths whose type in the table is not that of the reference. */
function different(fields: Fields, types: FieldTypes, path: string): string[] {
  return Object.entries(fields).flatMap(([name, { type, fields: inner }]) => {
    const at = `${path} ${name}`;
    if (inner !== undefined) {
      const dynamic = name.startsWith('<') || name.endsWith('>');
      const within = dynamic ? types.each : (types.within?.[name] ?? types.each);
      return different(inner, within ?? {}, at);
    }
    const number = types.numbers?.includes(name) ?? false;
    const octets = types.octets?.includes(name) ?? false;
    return number === NUMBERS.includes(type) && octets === (type === 'blob') ? [] : [at];
  });
}

const EVENTS = [
  'list-sa',
  'list-conn',
  'list-policy',
  'list-cert',
  'list-authority',
  'ike-updown',
  'child-updown',
  'log',
];
const COMMANDS = ['version', 'stats', 'get-pools', 'get-algorithms', 'get-counters'];

describe.runIf(present)('the types of values', () => {
  test.each(EVENTS)('are those of the reference in %s', (name) => {
    const outputs = reference.events.find((event) => event.name === name)?.outputs ?? {};
    expect(Object.keys(outputs)).not.toEqual([]);
    expect(different(outputs, eventFields(name), name)).toEqual([]);
  });

  test.each(COMMANDS)('are those of the reference in %s', (name) => {
    const outputs = reference.commands.find((command) => command.name === name)?.outputs ?? {};
    expect(Object.keys(outputs)).not.toEqual([]);
    expect(different(outputs, answerFields(name), name)).toEqual([]);
  });
});

test('what nobody knows is text', () => {
  expect([eventFields('nothing'), answerFields('nothing')]).toEqual([{}, {}]);
});
