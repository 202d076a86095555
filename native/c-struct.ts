/**
 * C structures as lists of fields: offsets, padding and size follow from the field types by the rules of the
 * 64-bit Linux ABIs, so that a table here can be held against `offsetof` and `sizeof` of the kernel header.
 */
export interface CType<Read, Write = Read> {
  readonly size: number;
  readonly align: number;
  /** Writes at an octet offset; the octets there must be zero. */
  write(view: DataView, at: number, value: Write): void;
  read(view: DataView, at: number): Read;
}

type Field = readonly [string, CType<unknown, never>];
type ReadOf<T> = T extends CType<infer R, never> ? R : never;
type WriteOf<T> = T extends { write(view: DataView, at: number, value: infer W): void } ? W : never;

/** A structure; fields that are not given are written as zero. */
export interface CStruct<F extends readonly Field[]>
  extends CType<
    { readonly [E in F[number] as E[0]]: ReadOf<E[1]> },
    { readonly [E in F[number] as E[0]]?: WriteOf<E[1]> | undefined }
  > {
  readonly name: string;
  /** Octet offset of each field. */
  readonly offsets: Readonly<Record<string, number>>;
}

/** Whether this machine is little-endian, as netlink structures are in host order. */
export const littleEndian: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Unsigned integers in host order. */
export const u8: CType<number> = {
  size: 1,
  align: 1,
  write: (view, at, value) => view.setUint8(at, value),
  read: (view, at) => view.getUint8(at),
};
export const u16: CType<number> = {
  size: 2,
  align: 2,
  write: (view, at, value) => view.setUint16(at, value, littleEndian),
  read: (view, at) => view.getUint16(at, littleEndian),
};
export const u32: CType<number> = {
  size: 4,
  align: 4,
  write: (view, at, value) => view.setUint32(at, value, littleEndian),
  read: (view, at) => view.getUint32(at, littleEndian),
};
export const i32: CType<number> = {
  size: 4,
  align: 4,
  write: (view, at, value) => view.setInt32(at, value, littleEndian),
  read: (view, at) => view.getInt32(at, littleEndian),
};
export const u64: CType<bigint> = {
  size: 8,
  align: 8,
  write: (view, at, value) => view.setBigUint64(at, value, littleEndian),
  read: (view, at) => view.getBigUint64(at, littleEndian),
};

/** Unsigned integers in network order. */
export const be16: CType<number> = {
  size: 2,
  align: 2,
  write: (view, at, value) => view.setUint16(at, value, false),
  read: (view, at) => view.getUint16(at, false),
};
export const be32: CType<number> = {
  size: 4,
  align: 4,
  write: (view, at, value) => view.setUint32(at, value, false),
  read: (view, at) => view.getUint32(at, false),
};

/** `xfrm_address_t`: 16 octets of which IPv4 uses the first four. Reading copies all 16. */
export const address: CType<Uint8Array> = {
  size: 16,
  align: 4,
  write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, 16).set(value),
  read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, 16).slice(),
};

/** `char[length]`, ended by zeros; a text that leaves no room for one zero is a RangeError. */
export function chars(length: number): CType<string> {
  return {
    size: length,
    align: 1,
    write: (view, at, value) => {
      if (value.length >= length) throw new RangeError(`longer than ${length - 1}: ${value}`);
      for (let i = 0; i < value.length; i++) view.setUint8(at + i, value.charCodeAt(i));
    },
    read: (view, at) => {
      let text = '';
      for (let i = 0; i < length; i++) {
        const octet = view.getUint8(at + i);
        if (octet === 0) break;
        text += String.fromCharCode(octet);
      }
      return text;
    },
  };
}

/** A structure of these fields, in this order. */
export function struct<const F extends readonly Field[]>(name: string, ...fields: F): CStruct<F> {
  const offsets: Record<string, number> = {};
  let end = 0;
  let align = 1;
  for (const [field, type] of fields) {
    end = Math.ceil(end / type.align) * type.align;
    offsets[field] = end;
    end += type.size;
    align = Math.max(align, type.align);
  }
  const placed = fields.map(([field, type]) => ({ field, type, at: offsets[field] ?? 0 }));
  return {
    name,
    offsets,
    align,
    size: Math.ceil(end / align) * align,
    write(view, at, value) {
      const values: Readonly<Record<string, unknown>> = value;
      for (const { field, type, at: offset } of placed) {
        const given = values[field];
        if (given !== undefined) type.write(view, at + offset, given as never);
      }
    },
    read(view, at) {
      const values: Record<string, unknown> = {};
      for (const { field, type, at: offset } of placed) {
        values[field] = type.read(view, at + offset);
      }
      return values as ReturnType<CStruct<F>['read']>;
    },
  };
}
