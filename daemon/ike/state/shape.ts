import { fromHex, toHex } from '../../util/hex.ts';

/** What JSON can say. */
export type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** Thrown for a saved value that does not have the shape it should have; names the place, never the value. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';

  constructor(path: string, wanted: string) {
    super(`${path}: ${wanted} expected`);
  }
}

/**
 * How values of one type are written as plain data and read back: `read` gives the value that was written, or throws
 * {@link ShapeError}, whatever it is handed.
 */
export interface Shape<T> {
  readonly write: (value: T) => Plain;
  readonly read: (plain: Plain, path: string) => T;
  /** The value of a field that is not there; without it the field is required. */
  readonly absent?: () => T;
}

const MAX_TEXT = 65_536;
const MAX_LIST = 65_536;

/** A text of up to 64 Ki characters. */
export const text: Shape<string> = {
  write: (value) => value,
  read: (plain, path) => {
    if (typeof plain !== 'string' || plain.length > MAX_TEXT) throw new ShapeError(path, 'a text');
    return plain;
  },
};

export const bool: Shape<boolean> = {
  write: (value) => value,
  read: (plain, path) => {
    if (typeof plain !== 'boolean') throw new ShapeError(path, 'true or false');
    return plain;
  },
};

/** A finite number, fractions allowed. */
export const real: Shape<number> = {
  write: (value) => value,
  read: (plain, path) => {
    if (typeof plain !== 'number' || !Number.isFinite(plain))
      throw new ShapeError(path, 'a number');
    return plain;
  },
};

/** A whole number from 0 to `max`. */
export function uint(max: number = Number.MAX_SAFE_INTEGER): Shape<number> {
  return {
    write: (value) => value,
    read: (plain, path) => {
      if (!Number.isSafeInteger(plain) || (plain as number) < 0 || (plain as number) > max) {
        throw new ShapeError(path, `a whole number from 0 to ${max}`);
      }
      return plain as number;
    },
  };
}

export const u32: Shape<number> = uint(0xffff_ffff);
export const u16: Shape<number> = uint(0xffff);

/** A 64-bit unsigned number, decimal. */
export const u64: Shape<bigint> = {
  write: (value) => value.toString(),
  read: (plain, path) => {
    if (typeof plain !== 'string' || !/^\d{1,20}$/.test(plain))
      throw new ShapeError(path, 'a 64-bit number');
    const value = BigInt(plain);
    if (value >= 1n << 64n) throw new ShapeError(path, 'a 64-bit number');
    return value;
  },
};

/** Octets, as hexadecimal digits. */
export const octets: Shape<Uint8Array> = {
  write: (value) => toHex(value),
  read: (plain, path) => {
    const value = typeof plain === 'string' ? fromHex(plain) : undefined;
    if (value === undefined) throw new ShapeError(path, 'octets in hexadecimal');
    return value;
  },
};

/** One of these values. */
export function oneOf<const T extends string | number>(...values: readonly T[]): Shape<T> {
  return {
    write: (value) => value,
    read: (plain, path) => {
      const found = values.find((value) => value === plain);
      if (found === undefined) throw new ShapeError(path, `one of ${values.join(', ')}`);
      return found;
    },
  };
}

/** The same shape, for values that this predicate accepts; `wanted` is what they are called. */
export function checked<T, V extends T>(
  shape: Shape<T>,
  accepts: (value: T) => value is V,
  wanted: string,
): Shape<V> {
  return {
    write: shape.write,
    read: (plain, path) => {
      const value = shape.read(plain, path);
      if (!accepts(value)) throw new ShapeError(path, wanted);
      return value;
    },
  };
}

export function list<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    write: (values) => values.map((value) => item.write(value)),
    read: (plain, path) => {
      if (!isList(plain) || plain.length > MAX_LIST) throw new ShapeError(path, 'a list');
      return plain.map((value, index) => item.read(value, `${path}[${index}]`));
    },
  };
}

/** A field that need not be there. */
export function optional<T>(shape: Shape<T>): Shape<T | undefined> {
  return {
    write: (value) => (value === undefined ? null : shape.write(value)),
    read: (plain, path) => shape.read(plain, path),
    absent: () => undefined,
  };
}

/** A field that records of earlier versions lack: those read as `value`. */
export function since<T>(shape: Shape<T>, value: T): Shape<T> {
  return { ...shape, absent: () => value };
}

/** A shape for every field of `T`, optional ones included: the compiler asks for what is missing. */
export type Fields<T> = {
  readonly [K in keyof T]-?: Shape<T[K]> | Shape<Exclude<T[K], undefined>>;
};

/** An object with exactly these fields. */
export function record<T extends object>(fields: Fields<T>): Shape<T> {
  const names = Object.keys(fields);
  const shapes = fields as unknown as Readonly<Record<string, Shape<unknown>>>;
  return {
    write: (value) => {
      const plain: Record<string, Plain> = {};
      const values = value as Readonly<Record<string, unknown>>;
      for (const name of names) {
        const member = values[name];
        if (member !== undefined) plain[name] = (shapes[name] as Shape<unknown>).write(member);
      }
      return plain;
    },
    read: (plain, path) => {
      if (!isObject(plain)) throw new ShapeError(path, 'an object');
      for (const name of Object.keys(plain)) {
        if (!Object.hasOwn(shapes, name)) throw new ShapeError(`${path}.${name}`, 'no such field');
      }
      const value: Record<string, unknown> = {};
      for (const name of names) {
        const shape = shapes[name] as Shape<unknown>;
        const place = `${path}.${name}`;
        const member = plain[name];
        if (member !== undefined) value[name] = shape.read(member, place);
        else if (shape.absent === undefined) throw new ShapeError(place, 'a value');
        else if (shape.absent() !== undefined) value[name] = shape.absent();
      }
      return value as T;
    },
  };
}

/** One of several records, told apart by their field `kind`. */
export function variant<T extends { readonly kind: string }>(
  cases: {
    readonly [K in T['kind']]: Shape<T & { readonly kind: K }>;
  },
): Shape<T> {
  const shapes = cases as unknown as Readonly<Record<string, Shape<T>>>;
  return {
    write: (value) => (shapes[value.kind] as Shape<T>).write(value),
    read: (plain, path) => {
      const kind = isObject(plain) ? plain['kind'] : undefined;
      if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind))
        throw new ShapeError(`${path}.kind`, `one of ${Object.keys(shapes).join(', ')}`);
      return (shapes[kind] as Shape<T>).read(plain, path);
    },
  };
}

function isList(plain: Plain): plain is readonly Plain[] {
  return Array.isArray(plain);
}

function isObject(plain: Plain): plain is { readonly [key: string]: Plain } {
  return typeof plain === 'object' && plain !== null && !Array.isArray(plain);
}
