/** A network: its octets, of which the first `bits` bits count. */
export interface Prefix {
  readonly network: Uint8Array;
  readonly bits: number;
}

/** The fewest networks that make up a range of addresses, first and last included; none if it is empty or the families differ. */
export function coveringPrefixes(first: Uint8Array, last: Uint8Array): readonly Prefix[] {
  if (first.length !== last.length) return [];
  const width = first.length * 8;
  const end = toNumber(last);
  const prefixes: Prefix[] = [];
  for (let at = toNumber(first); at <= end; ) {
    // As large as its alignment and what is left allow.
    let free = 0;
    while (
      free < width &&
      (at >> BigInt(free)) % 2n === 0n &&
      at + (2n << BigInt(free)) - 1n <= end
    )
      free++;
    prefixes.push({ network: toOctets(at, first.length), bits: width - free });
    at += 1n << BigInt(free);
  }
  return prefixes;
}

function toNumber(octets: Uint8Array): bigint {
  return octets.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n);
}

function toOctets(value: bigint, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest >>= 8n) octets[i] = Number(rest & 255n);
  return octets;
}
