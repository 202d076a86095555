import {
  type Family,
  familyOf,
  type IpAddress,
  ipBytes,
  ipFromBytes,
  parseIp,
} from './ip-address.ts';

/** Consecutive addresses, at most 2^31 - 2 of them, so that an offset is a plain number. */
export interface AddressRange {
  readonly family: Family;
  readonly first: IpAddress;
  readonly size: number;
}

/** More addresses than that are never looked at: the size of a pool as VICI clients know it. */
export const MAX_RANGE_SIZE = 2 ** 31 - 2;

/**
 * The range of a network, a single address or `from-to`, or `undefined` if the text is none or nothing is left of it. The
 * first and the last address of a network are left out where it has more than two, and so are those below a host part.
 */
export function parseAddressRange(text: string): AddressRange | undefined {
  const trimmed = text.trim();
  const single = parseIp(trimmed);
  if (single !== undefined) return rangeOf(single, numberOf(single));
  return parseNetwork(trimmed) ?? parseFromTo(trimmed);
}

/** The address at an offset from 0 to `size - 1`. */
export function addressAt(range: AddressRange, offset: number): IpAddress {
  return addressOf(numberOf(range.first) + BigInt(offset), range.family);
}

/** Where in the range an address is, `undefined` if it is not inside. */
export function offsetOf(range: AddressRange, address: IpAddress): number | undefined {
  if (familyOf(address) !== range.family) return undefined;
  const offset = numberOf(address) - numberOf(range.first);
  return offset >= 0n && offset < BigInt(range.size) ? Number(offset) : undefined;
}

export function sameRange(a: AddressRange, b: AddressRange): boolean {
  return a.first === b.first && a.size === b.size;
}

/** Whether any address lies in both. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return (
    a.family === b.family &&
    numberOf(a.first) < numberOf(b.first) + BigInt(b.size) &&
    numberOf(b.first) < numberOf(a.first) + BigInt(a.size)
  );
}

function parseNetwork(text: string): AddressRange | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const address = parseIp(match?.[1] ?? '');
  const prefix = Number(match?.[2]);
  if (address === undefined) return undefined;
  const hostBits = (familyOf(address) === 4 ? 32 : 128) - prefix;
  if (hostBits < 0) return undefined;
  const count = 1n << BigInt(hostBits);
  const named = numberOf(address);
  const network = named - (named % count);
  // Two addresses are both ends of a link and no network: neither is left out.
  if (hostBits <= 1) return rangeOf(address, network + count - 1n);
  const first = named === network ? network + 1n : named;
  return rangeOf(addressOf(first, familyOf(address)), network + count - 2n);
}

function parseFromTo(text: string): AddressRange | undefined {
  const [from, to, ...more] = text.split('-').map((part) => parseIp(part.trim()));
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  return familyOf(from) === familyOf(to) ? rangeOf(from, numberOf(to)) : undefined;
}

function rangeOf(first: IpAddress, last: bigint): AddressRange | undefined {
  const count = last - numberOf(first) + 1n;
  if (count < 1n) return undefined;
  const size = count > BigInt(MAX_RANGE_SIZE) ? MAX_RANGE_SIZE : Number(count);
  return { family: familyOf(first), first, size };
}

function numberOf(address: IpAddress): bigint {
  let number = 0n;
  for (const octet of ipBytes(address)) number = (number << 8n) | BigInt(octet);
  return number;
}

function addressOf(number: bigint, family: Family): IpAddress {
  const octets = new Uint8Array(family === 4 ? 4 : 16);
  let rest = number;
  for (let i = octets.length - 1; i >= 0; i--) {
    octets[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return ipFromBytes(octets);
}
