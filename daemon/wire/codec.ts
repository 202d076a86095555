import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Reads and writes one kind of value; `write` puts down exactly the octets that `read` takes. */
export interface Codec<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

/** One octet. */
export const u8: Codec<number> = {
  read: (reader) => reader.u8(),
  write: (writer, value) => writer.u8(value),
};

/** Two octets, big-endian. */
export const u16: Codec<number> = {
  read: (reader) => reader.u16(),
  write: (writer, value) => writer.u16(value),
};

/** Four octets, big-endian, unsigned. */
export const u32: Codec<number> = {
  read: (reader) => reader.u32(),
  write: (writer, value) => writer.u32(value),
};

/** Exactly `length` octets. */
export function octets(length: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.bytes(length),
    write: (writer, value) => writer.bytes(value),
  };
}

/** Everything that is left, between `min` and `max` octets of it. */
export function rest(min = 0, max = 0xffff): Codec<Uint8Array> {
  return {
    read(reader) {
      const length = reader.remaining;
      if (length < min) throw reader.error(`${length} octets of data, at least ${min} needed`);
      if (length > max) throw reader.error(`${length} octets of data, at most ${max} allowed`);
      return reader.bytes(length);
    },
    write: (writer, value) => writer.bytes(value),
  };
}

/** Reserved octets: written as zero, ignored on receipt (RFC 7296 section 2.5). */
export function reserved(length: number): Codec<undefined> {
  return {
    read: (reader) => {
      reader.skip(length);
      return undefined;
    },
    write: (writer) => writer.zeros(length),
  };
}

/** A number that must not be zero, because zero is reserved in its registry. */
export function nonZero(codec: Codec<number>, name: string): Codec<number> {
  return {
    read(reader) {
      const value = codec.read(reader);
      if (value === 0) throw reader.error(`${name} 0 is reserved`);
      return value;
    },
    write: codec.write,
  };
}

/** Values one after the other until nothing is left, `max` of them at most. */
export function list<T>(codec: Codec<T>, max: number): Codec<readonly T[]> {
  return {
    read(reader) {
      const values: T[] = [];
      while (reader.remaining > 0) {
        if (values.length === max) throw reader.error(`more than ${max} elements`);
        const before = reader.offset;
        values.push(codec.read(reader));
        if (reader.offset === before) throw reader.error('an element without octets');
      }
      return values;
    },
    write(writer, values) {
      for (const value of values) codec.write(writer, value);
    },
  };
}

type Field = readonly [name: string, codec: Codec<unknown>];

/** The value of a field list; fields whose name starts with `_` are not part of it. */
export type StructOf<F extends readonly Field[]> = {
  readonly [E in F[number] as E[0] extends `_${string}` ? never : E[0]]: E[1] extends Codec<infer T>
    ? T
    : never;
};

/** Fields in wire order. */
export function struct<const F extends readonly Field[]>(...fields: F): Codec<StructOf<F>> {
  const plan = fields.map(([name, codec]) => ({ name, codec, kept: !name.startsWith('_') }));
  return {
    read(reader) {
      const value: Record<string, unknown> = {};
      for (const { name, codec, kept } of plan) {
        const field = codec.read(reader);
        if (kept) value[name] = field;
      }
      return value as StructOf<F>;
    },
    write(writer, value) {
      const source = value as Readonly<Record<string, unknown>>;
      for (const { name, codec } of plan) codec.write(writer, source[name]);
    },
  };
}
