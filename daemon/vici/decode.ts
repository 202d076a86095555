import type { Tree, TreeEntry } from '../config/tree.ts';
import { ViciError } from './channel.ts';
import type { EventSchema } from './schema/events.ts';
import type { Field, Fields, SectionSchema } from './schema/fields.ts';

/** A message read by its schema: an object without prototype, keys as on the wire. */
export type Decoded = Readonly<Record<string, unknown>>;

const UTF8 = new TextDecoder();
const NUMBER = /^-?\d{1,20}$/;

/**
 * Reads a section by its schema. Unknown keys are left out; missing lists are empty, missing flags false. Throws {@link ViciError} of
 * kind `unexpected` if a key that is always there is missing or is no number where one is due.
 */
export function decodeFields(tree: Tree, fields: Fields): Decoded {
  const byName = firstOfEach(tree);
  const result: Record<string, unknown> = Object.create(null);
  for (const [name, field] of Object.entries(fields)) {
    const content = decodeField(name, field, byName, tree);
    if (content !== undefined) result[name] = content;
  }
  return result;
}

/** Reads the data of an event: its keys, and its section with the section's name as `name`. */
export function decodeEvent(tree: Tree, { fields, named, name }: EventSchema): Decoded {
  const keys = decodeFields(tree, fields);
  if (named === undefined) return keys;
  const found = tree.find((entry) => entry.kind === 'section');
  if (found?.kind !== 'section') throw unexpected(`${name} has no section`);
  return Object.assign(Object.create(null), keys, {
    name: found.name,
    [named.as]: decodeFields(found.entries, named.section.fields),
  });
}

/** Reads a message that is one section per name. */
export function decodeNamed(tree: Tree, schema: SectionSchema): ReadonlyMap<string, Decoded> {
  const map = new Map<string, Decoded>();
  for (const entry of tree) {
    if (entry.kind === 'section' && !map.has(entry.name))
      map.set(entry.name, decodeFields(entry.entries, schema.fields));
  }
  return map;
}

function firstOfEach(tree: Tree): ReadonlyMap<string, TreeEntry> {
  const map = new Map<string, TreeEntry>();
  for (const entry of tree) if (!map.has(entry.name)) map.set(entry.name, entry);
  return map;
}

function decodeField(
  name: string,
  field: Field,
  entries: ReadonlyMap<string, TreeEntry>,
  tree: Tree,
): unknown {
  const entry = entries.get(name);
  switch (field.kind) {
    case 'texts':
    case 'enums':
      return listOf(entry).map((item) => UTF8.decode(item));
    case 'blobs':
      return listOf(entry);
    case 'flag':
      return entry?.kind === 'value' && UTF8.decode(entry.value) === 'yes';
    case 'texts-by-name':
      return textsByName(entry);
    case 'named':
      return decodeNamed(entry?.kind === 'section' ? entry.entries : [], field.section);
    case 'rest':
      return decodeNamed(tree, field.section);
    case 'items':
      return numbered(field.prefix, entry, tree).map((item) =>
        decodeFields(item, field.section.fields),
      );
    case 'section':
      if (entry?.kind === 'section') return decodeFields(entry.entries, field.section.fields);
      return missing(name, field);
    default:
      if (entry?.kind !== 'value') return missing(name, field);
      return decodeValue(name, field, entry.value);
  }
}

function decodeValue(name: string, { kind }: Field, value: Uint8Array): unknown {
  if (kind === 'octets') return value;
  const text = UTF8.decode(value);
  if (kind !== 'number' && kind !== 'bigint') return text;
  if (!NUMBER.test(text)) throw unexpected(`${name} is '${text.slice(0, 64)}', which is no number`);
  return kind === 'number' ? Number(text) : BigInt(text);
}

function missing(name: string, { optional }: Field): undefined {
  if (!optional) throw unexpected(`${name} is missing`);
  return undefined;
}

function listOf(entry: TreeEntry | undefined): readonly Uint8Array[] {
  return entry?.kind === 'list' ? entry.items : [];
}

function textsByName(entry: TreeEntry | undefined): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const inner of entry?.kind === 'section' ? entry.entries : []) {
    if (inner.kind === 'value' && !map.has(inner.name))
      map.set(inner.name, UTF8.decode(inner.value));
  }
  return map;
}

/** Sections named by a number: those of a section of their own, or those that stand among other keys behind a prefix. */
function numbered(prefix: string, entry: TreeEntry | undefined, tree: Tree): readonly Tree[] {
  const beside = prefix === '' ? (entry?.kind === 'section' ? entry.entries : []) : tree;
  return beside.flatMap((inner) =>
    inner.kind === 'section' && inner.name.startsWith(prefix) ? [inner.entries] : [],
  );
}

function unexpected(what: string): ViciError {
  return new ViciError(`the daemon sent what was not expected: ${what}`, 'unexpected');
}
