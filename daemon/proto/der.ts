/** One DER element: its tag octet and its contents (not copied). */
export interface DerElement {
  readonly tag: number;
  readonly contents: Uint8Array;
}

/** Universal tags (X.690) of what identities are made of. */
export const DerTag = {
  OID: 0x06,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  IA5_STRING: 0x16,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/**
 * The elements that make up these octets exactly, or `undefined` if anything is not DER: indefinite or
 * non-minimal lengths, tags of several octets, octets missing or left over, or more than `limit` elements.
 */
export function derElements(octets: Uint8Array, limit: number): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  let offset = 0;
  while (offset < octets.length) {
    const tag = octets[offset] ?? 0;
    const length = lengthAt(octets, offset + 1);
    if ((tag & 0x1f) === 0x1f || length === undefined || elements.length === limit)
      return undefined;
    const end = length.contents + length.octets;
    if (end > octets.length) return undefined;
    elements.push({ tag, contents: octets.subarray(length.contents, end) });
    offset = end;
  }
  return elements;
}

/** One element with these contents joined; contents shorter than 2^24 octets. */
export function derElement(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of contents) length += part.length;
  const header = [tag, ...lengthOctets(length)];
  const element = new Uint8Array(header.length + length);
  element.set(header);
  let offset = header.length;
  for (const part of contents) {
    element.set(part, offset);
    offset += part.length;
  }
  return element;
}

function lengthAt(
  octets: Uint8Array,
  offset: number,
): { readonly contents: number; readonly octets: number } | undefined {
  const first = octets[offset];
  if (first === undefined) return undefined;
  if (first < 0x80) return { contents: offset + 1, octets: first };
  const count = first & 0x7f;
  if (count === 0 || count > 3) return undefined;
  let length = 0;
  for (let i = 1; i <= count; i++) {
    const octet = octets[offset + i];
    if (octet === undefined) return undefined;
    length = length * 256 + octet;
  }
  const minimal = length >= 0x80 && length >= 2 ** (8 * (count - 1));
  return minimal ? { contents: offset + 1 + count, octets: length } : undefined;
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  if (length < 0x100) return [0x81, length];
  if (length < 0x1_0000) return [0x82, length >>> 8, length & 0xff];
  return [0x83, length >>> 16, (length >>> 8) & 0xff, length & 0xff];
}
