/**
 * What one key of a message holds. `number` is exact up to 2^53, `bigint` takes what is larger; `time` and `size` may have
 * a unit in a request; a `flag` is there (yes) or not;
 * `presence` counts by being there, whatever its value; `octets` go as they are. `named` is one section per name, `items` one per number, whose
 * keys are `prefix` and that number, `texts-by-name` a key/value per name; `rest` is every section that stands beside the other keys.
 */
export type FieldType =
  | {
      readonly kind:
        | 'text'
        | 'number'
        | 'time'
        | 'size'
        | 'bigint'
        | 'flag'
        | 'presence'
        | 'switch';
    }
  | { readonly kind: 'octets' | 'texts' | 'blobs' | 'texts-by-name' }
  | { readonly kind: 'enum' | 'enums'; readonly values: readonly string[] }
  | { readonly kind: 'section' | 'named' | 'rest'; readonly section: SectionSchema }
  | { readonly kind: 'items'; readonly prefix: string; readonly section: SectionSchema };

/** One key, with its meaning in a sentence. */
export type Field = FieldType & { readonly optional: boolean; readonly doc: string };

/** The keys of a section or message in the order of the protocol. */
export type Fields = Readonly<Record<string, Field>>;

/** A kind of section: the name of its type, what it stands for, its keys. */
export interface SectionSchema {
  readonly name: string;
  readonly doc: string;
  /** All of them, those of `base` included. */
  readonly fields: Fields;
  readonly base?: SectionSchema;
}

/** A message whose one section of any name stands beside its other keys; `as` is what the section is called by its type. */
export interface NamedSection {
  readonly as: string;
  readonly section: SectionSchema;
}

export function section(name: string, doc: string, fields: Fields): SectionSchema {
  return { name, doc, fields };
}

/** A section that has more keys than another, behind those. */
export function extended(
  base: SectionSchema,
  name: string,
  doc: string,
  fields: Fields,
): SectionSchema {
  return { name, doc, fields: { ...base.fields, ...fields }, base };
}

export const text = (doc = ''): Field => ({ kind: 'text', optional: false, doc });
export const number = (doc = ''): Field => ({ kind: 'number', optional: false, doc });
export const bigint = (doc = ''): Field => ({ kind: 'bigint', optional: false, doc });
export const flag = (doc = ''): Field => ({ kind: 'flag', optional: false, doc });
export const octets = (doc = ''): Field => ({ kind: 'octets', optional: false, doc });
export const texts = (doc = ''): Field => ({ kind: 'texts', optional: false, doc });
export const blobs = (doc = ''): Field => ({ kind: 'blobs', optional: false, doc });
export const textsByName = (doc = ''): Field => ({ kind: 'texts-by-name', optional: false, doc });

/** Yes or no, in a request. */
export const choice = (doc = ''): Field => ({ kind: 'switch', optional: true, doc });
/** Present or not, in a request: `no` is as good as `yes`. */
export const presence = (doc = ''): Field => ({ kind: 'presence', optional: true, doc });

export const oneOf = (values: readonly string[], doc = ''): Field => ({
  kind: 'enum',
  values,
  optional: false,
  doc,
});

export const someOf = (values: readonly string[], doc = ''): Field => ({
  kind: 'enums',
  values,
  optional: false,
  doc,
});

export const one = (schema: SectionSchema, doc = ''): Field => ({
  kind: 'section',
  section: schema,
  optional: false,
  doc,
});

export const named = (schema: SectionSchema, doc = ''): Field => ({
  kind: 'named',
  section: schema,
  optional: false,
  doc,
});

/** Every section that has no key of its own: it has no name in the message. */
export const rest = (schema: SectionSchema, doc = ''): Field => ({
  kind: 'rest',
  section: schema,
  optional: false,
  doc,
});

export const items = (schema: SectionSchema, prefix = '', doc = ''): Field => ({
  kind: 'items',
  prefix,
  section: schema,
  optional: false,
  doc,
});

/** A key that may be missing. */
export const maybe = (field: Field): Field => ({ ...field, optional: true });
