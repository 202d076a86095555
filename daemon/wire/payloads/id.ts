import { IdType } from '../../proto/iana/id-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Identity } from '../../proto/identity.ts';
import { type Codec, nonZero, reserved, rest, struct, u8 } from '../codec.ts';

/** Longest identity taken from the wire, before anything looks into it. */
export const MAX_IDENTITY_OCTETS = 4096;

const fields = struct(
  ['type', nonZero(u8, 'ID type')],
  ['_reserved', reserved(3)],
  ['data', rest()],
);

/**
 * Identification payload body, RFC 7296 section 3.5. Type 0 is refused: within the daemon it stands for "any"
 * and must never come from a peer. Only ID_NULL (RFC 7619 section 2.2) has no data.
 */
export const idBody: Codec<Identity> = {
  read(reader) {
    if (reader.remaining > MAX_IDENTITY_OCTETS + 4) {
      const reason = `identity longer than ${MAX_IDENTITY_OCTETS} octets`;
      throw reader.error(reason, NotifyType.AUTHENTICATION_FAILED);
    }
    const { type, data } = fields.read(reader);
    if ((data.length === 0) !== (type === IdType.ID_NULL)) {
      throw reader.error(`${data.length} octets of identity of type ${type}`);
    }
    return { type, data };
  },
  write: (writer, identity) => fields.write(writer, identity),
};
