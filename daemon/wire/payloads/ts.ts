import { TsType } from '../../proto/iana/ts-types.ts';
import type { TrafficSelector } from '../../proto/traffic-selector.ts';
import { compareBytes } from '../../util/bytes.ts';
import type { Codec } from '../codec.ts';
import type { Reader } from '../reader.ts';

const ADDRESS_FREE_OCTETS = 8;

/**
 * Traffic Selector payload body, RFC 7296 section 3.13. Selectors of a type other than IPv4 and IPv6 ranges are
 * left out, so that one which is unknown narrows the offer instead of ending the exchange; nothing may be left.
 */
export const tsBody: Codec<readonly TrafficSelector[]> = {
  read(reader) {
    const count = reader.u8();
    reader.skip(3);
    if (count === 0) throw reader.error('no traffic selectors');
    const selectors: TrafficSelector[] = [];
    for (let i = 0; i < count; i++) {
      const selector = readSelector(reader);
      if (selector !== undefined) selectors.push(selector);
    }
    reader.expectEnd();
    return selectors;
  },
  write(writer, selectors) {
    writer.u8(selectors.length);
    writer.zeros(3);
    for (const { family, protocol, startPort, endPort, startAddress, endAddress } of selectors) {
      writer.u8(family === 4 ? TsType.TS_IPV4_ADDR_RANGE : TsType.TS_IPV6_ADDR_RANGE);
      writer.u8(protocol);
      writer.u16(ADDRESS_FREE_OCTETS + startAddress.length + endAddress.length);
      writer.u16(startPort);
      writer.u16(endPort);
      writer.bytes(startAddress);
      writer.bytes(endAddress);
    }
  },
};

function readSelector(reader: Reader): TrafficSelector | undefined {
  const type = reader.u8();
  const protocol = reader.u8();
  const length = reader.u16();
  if (length < 4) throw reader.error(`selector length ${length} is less than its own header`);
  const body = reader.sub(length - 4);
  const family = familyOf(type);
  if (family === undefined) return undefined;
  const startPort = body.u16();
  const endPort = body.u16();
  const addressOctets = family === 4 ? 4 : 16;
  const startAddress = body.bytes(addressOctets);
  const endAddress = body.bytes(addressOctets);
  body.expectEnd();
  // 65535..0 is OPAQUE, the only range that may run backwards.
  if (startPort > endPort && !(startPort === 0xffff && endPort === 0)) {
    throw reader.error('port range runs backwards');
  }
  if (compareBytes(startAddress, endAddress) > 0) {
    throw reader.error('address range runs backwards');
  }
  return { family, protocol, startPort, endPort, startAddress, endAddress };
}

function familyOf(type: number): 4 | 6 | undefined {
  if (type === TsType.TS_IPV4_ADDR_RANGE) return 4;
  return type === TsType.TS_IPV6_ADDR_RANGE ? 6 : undefined;
}
