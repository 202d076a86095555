import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMAND_SCHEMAS } from '../../../daemon/vici/schema/commands.ts';
import { EVENT_SCHEMAS } from '../../../daemon/vici/schema/events.ts';
import type { Field, Fields } from '../../../daemon/vici/schema/fields.ts';

/** A key as the machine-readable reference of the protocol describes it. */
interface Described {
  readonly type: string;
  readonly values?: readonly string[];
  readonly required?: boolean;
  readonly present?: string;
  readonly fields?: Readonly<Record<string, Described>>;
}
type Keys = Readonly<Record<string, Described>>;

const reference: {
  commands: readonly { name: string; inputs: Keys; outputs: Keys; stream_event: string | null }[];
  events: readonly { name: string; outputs: Keys }[];
} = JSON.parse(readFileSync('test/vectors/vici/reference.json', 'utf8'));

/** Kinds of the schema that may stand for a type of the reference. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  str: ['text'],
  enum: ['enum', 'flag', 'text', 'switch'],
  int: ['number', 'bigint'],
  uint: ['number', 'bigint'],
  uint64: ['bigint', 'number'],
  bool: ['switch', 'flag'],
  any: ['presence'],
  hex: ['text'],
  ip: ['text'],
  identity: ['text'],
  ts: ['text'],
  blob: ['octets'],
  path: ['text'],
  section: ['section', 'named', 'items', 'texts-by-name'],
};

const isList = (type: string): boolean => type.startsWith('list<');

/** Words and keys that only this daemon has. */
const OURS = new Set(['NULL', 'report', 'changes']);

/** Every difference between the keys of the schema and those of the reference, in words. */
function differences(fields: Fields, described: Keys, path: string): readonly string[] {
  const wanted = Object.entries(described).flatMap(([name, key]) => expand(name, key));
  const unknown = Object.keys(fields).filter(
    (name) => !OURS.has(name) && !wanted.some(([other]) => other === name),
  );
  return [
    ...unknown.map((name) => `${path}${name} is not in the reference`),
    ...wanted.flatMap(([name, key]) => {
      const field = fields[name];
      if (field === undefined) return [`${path}${name} is missing`];
      return ofKey(field, key, `${path}${name}`);
    }),
  ];
}

function ofKey(field: Field, key: Described, path: string): readonly string[] {
  const kinds = isList(key.type) ? ['texts', 'enums', 'blobs'] : (KINDS[key.type] ?? []);
  const found: string[] = [];
  if (!kinds.includes(field.kind)) found.push(`${path}: ${field.kind} is no ${key.type}`);
  if ('values' in field && key.values !== undefined) {
    // Words may be written in capitals too.
    const more = field.values.filter(
      (word) => !OURS.has(word) && !key.values?.some((one) => isSame(one, word)),
    );
    const less = key.values.filter((word) => !field.values.includes(word));
    if (more.length + less.length > 0) found.push(`${path}: + ${more} - ${less}`);
  }
  const always = key.required ?? /^(?:always|on success)/.test(key.present ?? '');
  const mayMiss =
    field.optional || ['flag', 'texts', 'enums', 'named', 'items'].includes(field.kind);
  if (!always && !mayMiss) found.push(`${path} may be missing: ${key.present}`);
  if (always && field.optional) found.push(`${path} is always there`);
  if (!('section' in field) || key.fields === undefined) return found;
  return [...found, ...differences(field.section.fields, inner(field, key.fields), `${path} > `)];
}

const isSame = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** What a section holds: behind the names of `named` and `items` that is one level further down. */
function inner(field: Field, fields: Keys): Keys {
  if (field.kind !== 'named' && !(field.kind === 'items' && field.prefix === '')) return fields;
  return Object.values(fields)[0]?.fields ?? {};
}

/** The names that the schema has for a key of the reference. */
function expand(name: string, key: Described): readonly (readonly [string, Described])[] {
  if (name === 'success' || name === 'errmsg') return [];
  const range = /^(\w+?)1\.\.\w+?(\d)$/.exec(name);
  if (range !== null)
    return Array.from({ length: Number(range[2]) }, (_, n) => [`${range[1]}${n + 1}`, key]);
  // Rounds of authentication are one list.
  return [[name.replace('-<n>', ''), key]];
}

describe('the schema of the client against the reference of the protocol', () => {
  test.each(COMMAND_SCHEMAS.filter(({ ours }) => ours !== true))('$name', (schema) => {
    const command = reference.commands.find(({ name }) => name === schema.name);
    if (command === undefined) throw new Error('not in the reference');
    const { inputs, outputs, stream_event } = command;
    expect(schema.stream ?? null).toBe(stream_event);
    const named = ([name]: readonly [string, Described]): boolean => name.startsWith('<');
    const own = Object.entries(inputs).filter(
      (key) => schema.sections === undefined || !named(key),
    );
    expect(differences(schema.input, Object.fromEntries(own), '')).toEqual([]);
    if (schema.outputSections === undefined)
      expect(differences(schema.output, outputs, '')).toEqual([]);
  });

  test.each(EVENT_SCHEMAS.filter(({ ours }) => ours !== true))('$name', (schema) => {
    const event = reference.events.find(({ name }) => name === schema.name);
    if (event === undefined) throw new Error('not in the reference');
    const { named } = schema;
    const isSection = ([name]: readonly [string, Described]): boolean => name.startsWith('<');
    const keys = Object.entries(event.outputs);
    const own = Object.fromEntries(keys.filter((key) => named === undefined || !isSection(key)));
    expect(differences(schema.fields, own, '')).toEqual([]);
    if (named === undefined) return;
    const fields = keys.find(isSection)?.[1].fields ?? {};
    expect(differences(named.section.fields, fields, '')).toEqual([]);
  });
});
