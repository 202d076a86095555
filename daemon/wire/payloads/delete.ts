import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import type { Payload } from '../../proto/payload.ts';
import type { Codec } from '../codec.ts';

type DeletePayload = Extract<Payload, { kind: 'Delete' }>;

/** Octets of an SPI in a Delete payload: none for the IKE_SA itself, four for AH and ESP. */
const spiSizes: ReadonlyMap<number, number> = new Map([
  [ProtocolId.IKE, 0],
  [ProtocolId.AH, 4],
  [ProtocolId.ESP, 4],
]);

/** Delete payload body, RFC 7296 section 3.11; unknown protocols are kept as they are, protocol 0 is refused. */
export const deleteBody: Codec<DeletePayload> = {
  read(reader) {
    const protocol = reader.u8();
    const spiSize = reader.u8();
    const count = reader.u16();
    if (protocol === 0) throw reader.error('protocol 0 is reserved');
    const expected = spiSizes.get(protocol) ?? spiSize;
    if (spiSize !== expected) {
      throw reader.error(`SPIs of ${spiSize} octets for protocol ${protocol}`);
    }
    if (spiSize === 0 && count !== 0) throw reader.error(`${count} SPIs without octets`);
    if (spiSize * count !== reader.remaining) {
      throw reader.error(`${count} SPIs of ${spiSize} octets in ${reader.remaining} octets`);
    }
    const spis: Uint8Array[] = [];
    for (let i = 0; i < count; i++) spis.push(reader.bytes(spiSize));
    return { kind: 'Delete', protocol, spiSize, spis };
  },
  write(writer, { protocol, spiSize, spis }) {
    writer.u8(protocol);
    writer.u8(spiSize);
    writer.u16(spis.length);
    for (const spi of spis) writer.bytes(spi);
  },
};
