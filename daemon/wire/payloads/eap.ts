import { type Codec, rest } from '../codec.ts';

/** Octets of code, identifier and length of an EAP packet. */
const EAP_HEADER_OCTETS = 4;

const packet = rest(EAP_HEADER_OCTETS);

/** Extensible Authentication payload body, RFC 7296 section 3.16: one EAP packet as long as it says it is. */
export const eapBody: Codec<Uint8Array> = {
  read(reader) {
    const data = packet.read(reader);
    const length = ((data[2] ?? 0) << 8) | (data[3] ?? 0);
    if (length !== data.length) {
      throw reader.error(`EAP length ${length} in a payload of ${data.length} octets`);
    }
    return data;
  },
  write: packet.write,
};
