import type { ConfigAttribute, Payload } from '../../proto/payload.ts';
import { type Codec, list, nonZero, reserved, struct, u8 } from '../codec.ts';

type CpPayload = Extract<Payload, { kind: 'CP' }>;

/** Most attributes taken from one payload; a real request has a dozen. */
export const MAX_CONFIG_ATTRIBUTES = 256;

/** One attribute: reserved bit, 15-bit type, length, value; RFC 7296 section 3.15.1. */
const attribute: Codec<ConfigAttribute> = {
  read(reader) {
    const type = reader.u16() & 0x7fff;
    return { type, value: reader.bytes(reader.u16()) };
  },
  write(writer, { type, value }) {
    writer.u16(type & 0x7fff);
    writer.u16(value.length);
    writer.bytes(value);
  },
};

const fields = struct(
  ['type', nonZero(u8, 'configuration type')],
  ['_reserved', reserved(3)],
  ['attributes', list(attribute, MAX_CONFIG_ATTRIBUTES)],
);

/** Configuration payload body, RFC 7296 section 3.15; unknown attributes are kept as they are. */
export const cpBody: Codec<CpPayload> = {
  read: (reader) => ({ kind: 'CP', ...fields.read(reader) }),
  write: (writer, payload) => fields.write(writer, payload),
};
