import { type IpAddress, ipBytes, ipFromBytes } from './ip-address.ts';

/**
 * From where an address can be reached: everywhere, within a site (RFC 1918, 6598, 4193), only from this host or its link, or
 * as a unicast address not at all.
 */
export type AddressReach = 'public' | 'private' | 'local' | 'none';

/**
 * The reach of an address. Servers that tell cloud machines about themselves, credentials included, count as part of the host. IPv6 addresses that stand for an IPv4 one (mapped, NAT64, 6to4) reach as far as that, so that no
 * other spelling of 127.0.0.1 leads past a rule.
 */
export function reachOf(address: IpAddress): AddressReach {
  const octets = ipBytes(address);
  return octets.length === 4 ? reachOfIpv4(octets) : reachOfIpv6(octets);
}

function reachOfIpv4(octets: Uint8Array): AddressReach {
  for (const [prefix, bits, reach] of IPV4) if (hasPrefix(octets, prefix, bits)) return reach;
  return 'public';
}

function reachOfIpv6(octets: Uint8Array): AddressReach {
  for (const [prefix, bits, at] of CARRIERS) {
    if (hasPrefix(octets, prefix, bits)) {
      return reachOfIpv4(ipBytes(ipFromBytes(octets.slice(at, at + 4))));
    }
  }
  for (const [prefix, bits, reach] of IPV6) if (hasPrefix(octets, prefix, bits)) return reach;
  return 'public';
}

const IPV4: readonly (readonly [prefix: readonly number[], bits: number, AddressReach])[] = [
  [[0], 8, 'none'],
  [[10], 8, 'private'],
  [[100, 100, 100, 200], 32, 'local'],
  [[100, 64], 10, 'private'],
  [[127], 8, 'local'],
  [[168, 63, 129, 16], 32, 'local'],
  [[169, 254], 16, 'local'],
  [[172, 16], 12, 'private'],
  [[192, 168], 16, 'private'],
  [[198, 18], 15, 'private'],
  [[224], 4, 'none'],
  [[240], 4, 'none'],
];

const ZEROS = new Array<number>(15).fill(0);

/** Prefixes of IPv6 addresses that hold an IPv4 address, and where. */
const CARRIERS: readonly (readonly [prefix: readonly number[], bits: number, at: number])[] = [
  [[...ZEROS.slice(0, 10), 0xff, 0xff], 96, 12],
  [[0, 0x64, 0xff, 0x9b, ...ZEROS.slice(0, 8)], 96, 12],
  [[0x20, 0x02], 16, 2],
];

const IPV6: readonly (readonly [prefix: readonly number[], bits: number, AddressReach])[] = [
  [[...ZEROS, 1], 128, 'local'],
  [[0xfd, 0, 0x0e, 0xc2, ...ZEROS.slice(0, 10), 2, 0x54], 128, 'local'],
  [[0xfd, 0x20, 0, 0xce, ...ZEROS.slice(0, 10), 2, 0x54], 128, 'local'],
  [ZEROS, 96, 'none'],
  [[0xfe, 0x80], 10, 'local'],
  [[0xfe, 0xc0], 10, 'private'],
  [[0xfc], 7, 'private'],
  [[0xff], 8, 'none'],
];

function hasPrefix(octets: Uint8Array, prefix: readonly number[], bits: number): boolean {
  for (let at = 0; at < bits; at += 8) {
    const mask = bits - at >= 8 ? 0xff : (0xff00 >> (bits - at)) & 0xff;
    const index = at / 8;
    if (((octets[index] ?? 0) & mask) !== ((prefix[index] ?? 0) & mask)) return false;
  }
  return true;
}
