import { familyOf, type IpAddress, ipBytes } from '../proto/ip-address.ts';
import { compareBytes } from '../util/bytes.ts';
import type { AddressSpec } from './connection-types.ts';

/** Addresses a DNS name is known to have now, without waiting; empty if it is not resolved (yet). */
export type ResolvedNames = (name: string) => readonly IpAddress[];

const HOST = 129;

/**
 * How well an address fits a list of `local_addrs` or `remote_addrs`, charon's scale: 0 not at all, 1 any address
 * or a range, prefix length + 1 for a subnet, 129 exactly that host. The best entry counts.
 */
export function addressQuality(
  specs: readonly AddressSpec[],
  address: IpAddress,
  resolved: ResolvedNames,
): number {
  let best = 0;
  for (const spec of specs) best = Math.max(best, quality(spec, address, resolved));
  return best;
}

function quality(spec: AddressSpec, address: IpAddress, resolved: ResolvedNames): number {
  switch (spec.kind) {
    case 'any':
      return spec.family === undefined || spec.family === familyOf(address) ? 1 : 0;
    case 'host':
      return spec.address === address ? HOST : 0;
    case 'name':
      return resolved(spec.text).includes(address) ? HOST : 0;
    case 'subnet':
      return inSubnet(address, spec.address, spec.prefix) ? spec.prefix + 1 : 0;
    case 'range':
      return inRange(address, spec.from, spec.to) ? 1 : 0;
  }
}

function inSubnet(address: IpAddress, network: IpAddress, prefix: number): boolean {
  const a = ipBytes(address);
  const b = ipBytes(network);
  if (a.length !== b.length) return false;
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const mask = (0xff00 >> (prefix & 7)) & 0xff;
  return (((a[whole] ?? 0) ^ (b[whole] ?? 0)) & mask) === 0;
}

function inRange(address: IpAddress, from: IpAddress, to: IpAddress): boolean {
  const a = ipBytes(address);
  const low = ipBytes(from);
  if (a.length !== low.length) return false;
  return compareBytes(low, a) <= 0 && compareBytes(a, ipBytes(to)) <= 0;
}
