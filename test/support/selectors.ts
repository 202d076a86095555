import type { IpAddress } from '../../daemon/proto/ip-address.ts';
import { ipBytes, parseIp } from '../../daemon/proto/ip-address.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';

/** An address from its text; throws for anything else. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new TypeError(`not an address: ${text}`);
  return address;
}

/** A selector from `10.1.0.0/16`, `10.0.0.1` or `10.0.0.1-10.0.0.9`, with protocol and ports if wanted. */
export function ts(
  text: string,
  protocol = 0,
  startPort = 0,
  endPort = startPort === 0 ? 65535 : startPort,
): TrafficSelector {
  const [from = '', to] = text.split('-');
  const [network = '', length] = from.split('/');
  const start = ipBytes(ip(network));
  const end = to === undefined ? Uint8Array.from(start) : ipBytes(ip(to));
  if (length !== undefined) {
    for (let bit = Number(length); bit < end.length * 8; bit++) {
      end[bit >> 3] = (end[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
    }
  }
  return {
    family: start.length === 4 ? 4 : 6,
    protocol,
    startPort,
    endPort,
    startAddress: start,
    endAddress: end,
  };
}
