import { familyOf, type IpAddress, ipBytes } from '../proto/ip-address.ts';
import { toHex } from '../util/hex.ts';

const PREFIX_OCTETS_V6 = 8;

/** What counts as one source for limits: an IPv4 address, or the /64 that an IPv6 host can move in (RFC 8019). */
export function sourceKey(address: IpAddress): string {
  if (familyOf(address) === 4) return address;
  return toHex(ipBytes(address).subarray(0, PREFIX_OCTETS_V6));
}
