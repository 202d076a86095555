// Not by a DataView: a small array that is asked for its buffer gets one allocated outside the heap of objects, which costs ten times the array.

/** Writes a number in network order. */
export function putUint64(octets: Uint8Array, at: number, value: bigint): void {
  putUint32(octets, at, Number(value >> 32n));
  putUint32(octets, at + 4, Number(value & 0xffffffffn));
}

/** Writes the lower 32 bits of a number in network order. */
export function putUint32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value >>> 24;
  octets[at + 1] = value >>> 16;
  octets[at + 2] = value >>> 8;
  octets[at + 3] = value;
}

/** The number in network order at an offset that has eight octets. */
export function uint64At(octets: Uint8Array, at: number): bigint {
  return (BigInt(uint32At(octets, at)) << 32n) | BigInt(uint32At(octets, at + 4));
}

/** The same with four octets. */
export function uint32At(octets: Uint8Array, at: number): number {
  const high = ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
  const low = ((octets[at + 2] ?? 0) << 8) | (octets[at + 3] ?? 0);
  return high * 0x10000 + low;
}
