import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { NotifyPayload } from '../../proto/payload.ts';
import type { Codec } from '../codec.ts';

interface DataRule {
  readonly min: number;
  readonly max: number;
  /** The length is a multiple of this. */
  readonly step?: number;
}

const exactly = (length: number): DataRule => ({ min: length, max: length });

/** Lengths of notification data in octets, where the RFC fixes them; a notify that is not here has any length. */
const dataRules: ReadonlyMap<number, DataRule> = new Map([
  [NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD, exactly(1)],
  [NotifyType.INVALID_KE_PAYLOAD, exactly(2)],
  [NotifyType.SET_WINDOW_SIZE, exactly(4)],
  [NotifyType.IPCOMP_SUPPORTED, exactly(3)],
  [NotifyType.NAT_DETECTION_SOURCE_IP, exactly(20)],
  [NotifyType.NAT_DETECTION_DESTINATION_IP, exactly(20)],
  [NotifyType.COOKIE, { min: 1, max: 64 }],
  [NotifyType.COOKIE2, { min: 8, max: 64 }],
  [NotifyType.ADDITIONAL_IP4_ADDRESS, exactly(4)],
  [NotifyType.ADDITIONAL_IP6_ADDRESS, exactly(16)],
  [NotifyType.AUTH_LIFETIME, exactly(4)],
  [NotifyType.SIGNATURE_HASH_ALGORITHMS, { min: 2, max: 512, step: 2 }],
]);

/** Notify payload body, RFC 7296 section 3.10; unknown types are kept as they are. */
export const notifyBody: Codec<NotifyPayload> = {
  read(reader) {
    const protocol = reader.u8();
    const spiSize = reader.u8();
    const type = reader.u16();
    const spi = reader.bytes(spiSize);
    const data = reader.rest();
    const rule = dataRules.get(type);
    if (rule !== undefined && !fits(data.length, rule)) {
      throw reader.error(`${data.length} octets of data in notify ${type}`);
    }
    // RFC 7296 section 3.10: it names the SA by the sender's ESP or AH SPI, four octets.
    if (type === NotifyType.REKEY_SA && spiSize !== 4) {
      throw reader.error(`SPI of ${spiSize} octets in REKEY_SA`);
    }
    return { kind: 'Notify', protocol, spi, type, data };
  },
  write(writer, { protocol, spi, type, data }) {
    writer.u8(protocol);
    writer.u8(spi.length);
    writer.u16(type);
    writer.bytes(spi);
    writer.bytes(data);
  },
};

function fits(length: number, { min, max, step = 1 }: DataRule): boolean {
  return length >= min && length <= max && length % step === 0;
}
