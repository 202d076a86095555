import type { Brand } from '../util/brand.ts';

/**
 * An IPv4 or IPv6 address as canonical text (dotted decimal; RFC 5952), so that equal addresses are equal
 * strings and can be keys of a Map.
 */
export type IpAddress = Brand<string, 'IpAddress'>;

/** IP version of an address. */
export type Family = 4 | 6;

/** The family of an address; canonical text of IPv6 always holds a colon. */
export function familyOf(address: IpAddress): Family {
  return address.includes(':') ? 6 : 4;
}

/** The unspecified address of a family. */
export function unspecified(family: Family): IpAddress {
  return (family === 4 ? '0.0.0.0' : '::') as IpAddress;
}

export function isUnspecified(address: IpAddress): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Parses numeric text of either family, without zone, prefix or port. */
export function parseIp(text: string): IpAddress | undefined {
  const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return bytes === undefined ? undefined : ipFromBytes(bytes);
}

/** Network-order octets: 4 or 16. */
export function ipBytes(address: IpAddress): Uint8Array {
  const bytes = address.includes(':') ? parseIpv6(address) : parseIpv4(address);
  if (bytes === undefined) throw new TypeError(`not an IP address: ${address}`);
  return bytes;
}

/** The address of 4 or 16 network-order octets. */
export function ipFromBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length === 4) return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}` as IpAddress;
  if (bytes.length !== 16)
    throw new TypeError(`an IP address has 4 or 16 octets, not ${bytes.length}`);
  return printIpv6(bytes) as IpAddress;
}

// By hand: this runs for every packet of a stranger, and a regular expression costs five times as much.
function parseIpv4(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(4);
  let octet = 0;
  let digits = 0;
  let parts = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      if (digits === 0 || parts === 3) return undefined;
      bytes[parts++] = octet;
      octet = 0;
      digits = 0;
      continue;
    }
    const digit = code - ZERO;
    if (digit < 0 || digit > 9 || ++digits > 3) return undefined;
    octet = octet * 10 + digit;
    if (octet > 255) return undefined;
  }
  if (parts !== 3 || digits === 0) return undefined;
  bytes[3] = octet;
  return bytes;
}

const DOT = 0x2e;
const ZERO = 0x30;

function parseIpv6(text: string): Uint8Array | undefined {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const v4 = parseIpv4(dotted[2] ?? '');
    if (v4 === undefined) return undefined;
    const groups = [((v4[0] ?? 0) << 8) | (v4[1] ?? 0), ((v4[2] ?? 0) << 8) | (v4[3] ?? 0)];
    source = `${dotted[1]}${groups.map((group) => group.toString(16)).join(':')}`;
  }
  const halves = source.split('::');
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? '');
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? '') : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  const bytes = new Uint8Array(16);
  groups.forEach((group, i) => {
    bytes[i * 2] = group >> 8;
    bytes[i * 2 + 1] = group & 0xff;
  });
  return bytes;
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  for (const part of text.split(':')) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined;
    groups.push(Number.parseInt(part, 16));
  }
  return groups;
}

// RFC 5952 section 4: lower case, no leading zeros, the longest run of two or more zero groups shortened.
function printIpv6(bytes: Uint8Array): string {
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let run = 0;
    while (i + run < 8 && groups[i + run] === 0) run++;
    if (run > length) {
      start = i;
      length = run;
    }
    i += run;
  }
  const print = (part: number[]): string => part.map((group) => group.toString(16)).join(':');
  if (start < 0) return print(groups);
  return `${print(groups.slice(0, start))}::${print(groups.slice(start + length))}`;
}
