import type { Transform } from '../../proto/proposal.ts';
import type { Reader } from '../reader.ts';
import { Writer } from '../writer.ts';

/** Attribute type of Key Length, in the short form with its format bit; RFC 7296 section 3.3.5. */
const KEY_LENGTH = 0x800e;
const SHORT_FORM = 0x8000;

const NONE = {};

type Attributes = Pick<Transform, 'keyLength' | 'otherAttributes'>;

/**
 * Transform attributes, RFC 7296 section 3.3.5. Those other than one Key Length are kept as octets: section
 * 3.3.6 has a transform with an attribute that is not understood treated as not supported.
 */
export function readAttributes(reader: Reader): Attributes {
  let keyLength: number | undefined;
  let others: Writer | undefined;
  while (reader.remaining > 0) {
    const type = reader.u16();
    const value = reader.u16();
    if (type === KEY_LENGTH) {
      if (keyLength !== undefined) throw reader.error('second Key Length attribute');
      keyLength = value;
      continue;
    }
    others ??= new Writer(16);
    others.u16(type);
    others.u16(value);
    if ((type & SHORT_FORM) === 0) others.bytes(reader.bytes(value));
  }
  if (others === undefined) return keyLength === undefined ? NONE : { keyLength };
  return {
    ...(keyLength === undefined ? {} : { keyLength }),
    otherAttributes: others.finish(),
  };
}

/** Writes Key Length first, then the others as they are. */
export function writeAttributes(writer: Writer, { keyLength, otherAttributes }: Attributes): void {
  if (keyLength !== undefined) {
    writer.u16(KEY_LENGTH);
    writer.u16(keyLength);
  }
  if (otherAttributes !== undefined) writer.bytes(otherAttributes);
}
