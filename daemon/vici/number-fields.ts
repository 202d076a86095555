import { COMMAND_SCHEMAS } from './schema/commands.ts';
import { EVENT_SCHEMAS } from './schema/events.ts';
import type { Field, Fields, SectionSchema } from './schema/fields.ts';

/**
 * Which values of a message are numbers, and which octets: everything else is text. A section that is not named in `within` is read
 * as `each` says: sections of messages are often named by what they describe.
 */
export interface FieldTypes {
  /** Names of values that are decimal numbers. */
  readonly numbers?: readonly string[];
  /** Names of values that are octets and no text. */
  readonly octets?: readonly string[];
  readonly within?: Readonly<Record<string, FieldTypes>>;
  readonly each?: FieldTypes;
}

/** Types of what an event carries. */
export function eventFields(name: string): FieldTypes {
  const schema = EVENT_SCHEMAS.find((event) => event.name === name);
  return schema === undefined ? {} : fieldTypes(schema.fields, schema.named?.section);
}

/** Types of what the answer to a command carries. */
export function answerFields(name: string): FieldTypes {
  const schema = COMMAND_SCHEMAS.find((command) => command.name === name);
  return schema === undefined ? {} : fieldTypes(schema.output, schema.outputSections);
}

const NUMBERS: ReadonlySet<Field['kind']> = new Set<Field['kind']>(['number', 'bigint']);

function fieldTypes(fields: Fields, beside?: SectionSchema): FieldTypes {
  const entries = Object.entries(fields);
  const named = (wanted: (field: Field) => boolean): readonly string[] =>
    entries.flatMap(([name, field]) => (wanted(field) ? [name] : []));
  let each = beside && fieldTypes(beside.fields);
  const within: Record<string, FieldTypes> = {};
  for (const [name, field] of entries) {
    if (!('section' in field)) continue;
    const types = fieldTypes(field.section.fields);
    // Sections that have no name of their own in the message, or one with a number behind it.
    if (field.kind === 'rest' || (field.kind === 'items' && field.prefix !== '')) each = types;
    else within[name] = field.kind === 'section' ? types : { each: types };
  }
  return {
    numbers: named(({ kind }) => NUMBERS.has(kind)),
    octets: named(({ kind }) => kind === 'octets'),
    within,
    ...(each && { each }),
  };
}
