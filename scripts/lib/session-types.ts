import type { Field, Fields, SectionSchema } from '../../daemon/vici/schema/fields.ts';

/** Whether a type is written for what is sent or for what is received. */
export type Direction = 'input' | 'output';

/** The members of an interface, one or two lines each. */
export function members(fields: Fields, direction: Direction): string {
  return Object.entries(fields)
    .map(([name, field]) => comment(field.doc) + member(name, field, direction))
    .join('');
}

function member(name: string, field: Field, direction: Direction): string {
  const type = typeOf(field, direction);
  if (direction === 'input' && field.kind === 'items')
    return `readonly [round: \`${field.prefix}\${string}\`]: ${field.section.name} | undefined;\n`;
  if (direction === 'input' && field.kind === 'texts-by-name')
    return `readonly [number: \`\${number}\`]: ${type} | undefined;\n`;
  const key = /^[a-z_]\w*$/.test(name) ? name : `'${name}'`;
  const optional = field.optional && !isNeverMissing(field, direction);
  return `readonly ${key}${optional ? '?' : ''}: ${type}${optional ? ' | undefined' : ''};\n`;
}

/** Lists that are missing are read as empty ones. */
function isNeverMissing({ kind }: Field, direction: Direction): boolean {
  return direction === 'output' && ['texts', 'enums', 'named', 'items', 'rest'].includes(kind);
}

function typeOf(field: Field, direction: Direction): string {
  const output = direction === 'output';
  switch (field.kind) {
    case 'text':
      return output ? 'string' : 'TextInput';
    case 'number':
      return output ? 'number' : 'NumberInput';
    case 'time':
      return output ? 'number' : 'TimeInput';
    case 'size':
      return output ? 'number' : 'SizeInput';
    case 'bigint':
      return 'bigint';
    case 'flag':
    case 'presence':
      return 'boolean';
    case 'switch':
      return 'SwitchInput';
    case 'octets':
      return output ? 'Uint8Array' : 'OctetsInput';
    case 'texts':
      return 'readonly string[]';
    case 'blobs':
      return output ? 'readonly Uint8Array[]' : 'readonly OctetsInput[]';
    case 'enum':
      return output ? union(field.values) : union(withNumbers(field.values));
    case 'enums':
      return `readonly (${union(field.values)})[]`;
    case 'texts-by-name':
      return output ? 'ReadonlyMap<string, string>' : 'readonly string[]';
    case 'section':
      return field.section.name;
    case 'named':
    case 'rest':
      return output
        ? `ReadonlyMap<string, ${field.section.name}>`
        : `Readonly<Record<string, ${field.section.name}>>`;
    case 'items':
      return `readonly ${field.section.name}[]`;
  }
}

/** Types of what is sent that are written by hand. */
export const INPUT_VALUES = [
  'NumberInput',
  'OctetsInput',
  'SizeInput',
  'SwitchInput',
  'TextInput',
  'TimeInput',
];

const union = (values: readonly (string | number)[]): string =>
  values.map((value) => (typeof value === 'string' ? `'${value}'` : value)).join(' | ');

/** A word of digits may be given as a number. */
const withNumbers = (values: readonly string[]): readonly (string | number)[] =>
  values.flatMap((text) => (/^\d+$/.test(text) ? [text, Number(text)] : [text]));

/** A comment above what follows; nothing if there is nothing to say. */
export function comment(doc: string): string {
  return doc === '' ? '' : `/** ${doc} */\n`;
}

/** An interface with its comment. */
export function declaration(schema: SectionSchema, direction: Direction): string {
  const { name, doc, fields, base } = schema;
  const own = Object.entries(fields).filter(([key]) => base?.fields[key] === undefined);
  const parent = base === undefined ? '' : ` extends ${base.name}`;
  return `${comment(doc)}export interface ${name}${parent} {\n${members(Object.fromEntries(own), direction)}}\n`;
}

/** Every kind of section that these keys lead to, inner ones first. */
export function sectionsOf(fields: Fields, found = new Set<SectionSchema>()): Set<SectionSchema> {
  for (const field of Object.values(fields)) {
    if (!('section' in field)) continue;
    withInner(field.section, found);
  }
  return found;
}

/** A kind of section and every kind that it leads to. */
export function withInner(schema: SectionSchema, found: Set<SectionSchema>): void {
  if (schema.base !== undefined) withInner(schema.base, found);
  sectionsOf(schema.fields, found);
  found.add(schema);
}
