import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  ANSWER_FIELDS,
  EVENT_FIELDS,
  type FieldTypes,
} from '../../../daemon/vici/number-fields.ts';
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
    const number = types.numbers === 'all' || (types.numbers?.includes(name) ?? false);
    const octets = types.octets?.includes(name) ?? false;
    return number === NUMBERS.includes(type) && octets === (type === 'blob') ? [] : [at];
  });
}

describe.runIf(present)('the types of values', () => {
  test.each(Object.entries(EVENT_FIELDS))('are those of the reference in %s', (name, types) => {
    const outputs = reference.events.find((event) => event.name === name)?.outputs ?? {};
    expect(Object.keys(outputs)).not.toEqual([]);
    expect(different(outputs, types, name)).toEqual([]);
  });

  test.each(Object.entries(ANSWER_FIELDS))('are those of the reference in %s', (name, types) => {
    const outputs = reference.commands.find((command) => command.name === name)?.outputs ?? {};
    expect(Object.keys(outputs)).not.toEqual([]);
    expect(different(outputs, types, name)).toEqual([]);
  });
});
