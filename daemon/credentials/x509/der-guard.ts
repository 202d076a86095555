import { X509Error } from './decoded.ts';

/** Bounds of a DER structure. */
export interface DerLimits {
  /** Octets in all. */
  readonly octets: number;
  /** Elements in all, at every level. */
  readonly elements: number;
  /** Constructed elements inside one another. */
  readonly depth: number;
}

/** A certificate, an OCSP response, an attribute certificate. */
export const objectLimits: DerLimits = { octets: 65_536, elements: 8_192, depth: 10 };

/** Where an element begins and ends in the octets around it. */
export interface DerSpan {
  readonly tag: number;
  /** First octet of the contents. */
  readonly contents: number;
  readonly end: number;
}

const MAX_OID_OCTETS = 64;
const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;

/** Universal types whose encoding is primitive in DER, RFC 5280 uses no others. Bit n is tag number n. */
const primitiveOnly = bits(
  1,
  2,
  3,
  4,
  5,
  6,
  10,
  12,
  13,
  18,
  19,
  20,
  21,
  22,
  23,
  24,
  25,
  26,
  27,
  28,
  30,
);
const constructedOnly = bits(8, 11, 16, 17);

/**
 * Refuses whatever is not exactly one DER element: indefinite, long or non-minimal lengths, tags of several octets, constructed
 * strings, octets left over, BOOLEAN and INTEGER in other than their one form, and all that exceeds the limits. One pass,
 * no recursion. Throws {@link X509Error}.
 */
export function guardDer(octets: Uint8Array, field: string, limits: DerLimits): void {
  if (octets.length > limits.octets)
    throw new X509Error(field, `${octets.length} octets, at most ${limits.octets} are accepted`);
  if (octets.length === 0) throw new X509Error(field, 'nothing there');
  const ends: number[] = [octets.length];
  let at = 0;
  let elements = 0;
  while (ends.length > 0) {
    const end = ends[ends.length - 1] ?? 0;
    if (at === end) {
      ends.pop();
      continue;
    }
    if (ends.length === 1 && at > 0)
      throw new X509Error(field, `${end - at} octets after the end of the structure`);
    if (++elements > limits.elements)
      throw new X509Error(field, `more than ${limits.elements} elements`);
    const span = derSpanAt(octets, at, end, field);
    if ((span.tag & CONSTRUCTED) === 0) {
      checkPrimitive(octets, span, field);
      at = span.end;
      continue;
    }
    if (ends.length > limits.depth)
      throw new X509Error(field, `nested deeper than ${limits.depth} levels`);
    if (span.tag < 0x40 && ((primitiveOnly >>> (span.tag & LONG_TAG)) & 1) === 1)
      throw new X509Error(field, `${tagText(span.tag)} at octet ${at} must not be constructed`);
    ends.push(span.end);
    at = span.contents;
  }
}

/** The element at an offset, which ends at `end` at the latest. Throws {@link X509Error} if its tag or length is not DER. */
export function derSpanAt(octets: Uint8Array, at: number, end: number, field: string): DerSpan {
  const tag = octets[at] ?? 0;
  if ((tag & LONG_TAG) === LONG_TAG || tag === 0)
    throw new X509Error(field, `${tagText(tag)} at octet ${at}, which is not used in X.509`);
  const first = octets[at + 1];
  if (first === undefined || at + 1 >= end)
    throw new X509Error(field, `ends within the header at octet ${at}`);
  let contents = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw new X509Error(field, `indefinite length at octet ${at}`);
    if (count > 4) throw new X509Error(field, `length of ${count} octets at octet ${at}`);
    if (contents + count > end) throw new X509Error(field, `ends within the header at octet ${at}`);
    length = 0;
    for (let i = 0; i < count; i++) length = length * 256 + (octets[contents + i] ?? 0);
    contents += count;
    if (length < 0x80 || length < 2 ** (8 * (count - 1)))
      throw new X509Error(field, `length at octet ${at} is not the shortest form`);
  }
  if (contents + length > end)
    throw new X509Error(
      field,
      `element at octet ${at} claims ${length} octets, ${end - contents} are there`,
    );
  return { tag, contents, end: contents + length };
}

function checkPrimitive(octets: Uint8Array, { tag, contents, end }: DerSpan, field: string): void {
  if (tag >= 0x40) return;
  if (((constructedOnly >>> tag) & 1) === 1)
    throw new X509Error(field, `${tagText(tag)} before octet ${contents} must be constructed`);
  const first = octets[contents] ?? 0;
  switch (tag) {
    case 0x01:
      if (end - contents !== 1 || (first !== 0 && first !== 0xff))
        throw new X509Error(field, `BOOLEAN before octet ${contents} is neither 00 nor ff`);
      return;
    case 0x02:
    case 0x0a:
      if (end === contents || (end - contents > 1 && isPadding(first, octets[contents + 1] ?? 0)))
        throw new X509Error(field, `INTEGER at octet ${contents} is not the shortest form`);
      return;
    case 0x03:
      if (end === contents || first > 7 || (first > 0 && !hasZeroTail(octets, contents, end)))
        throw new X509Error(field, `BIT STRING at octet ${contents} with wrong unused bits`);
      return;
    case 0x05:
      if (end !== contents) throw new X509Error(field, `NULL at octet ${contents} is not empty`);
      return;
    case 0x06:
      if (!isOid(octets, contents, end))
        throw new X509Error(field, `OBJECT IDENTIFIER at octet ${contents} is malformed`);
      return;
    default:
  }
}

function isPadding(first: number, second: number): boolean {
  return (first === 0 && second < 0x80) || (first === 0xff && second >= 0x80);
}

function hasZeroTail(octets: Uint8Array, contents: number, end: number): boolean {
  const unused = octets[contents] ?? 0;
  return end - contents > 1 && ((octets[end - 1] ?? 0) & ((1 << unused) - 1)) === 0;
}

// Arcs have no leading zero groups, and the last one is complete. Real ones have 20 octets; the time to print one grows with its square.
function isOid(octets: Uint8Array, contents: number, end: number): boolean {
  if (end === contents || end - contents > MAX_OID_OCTETS) return false;
  if (((octets[end - 1] ?? 0) & 0x80) !== 0) return false;
  for (let i = contents; i < end; i++) {
    const startsArc = i === contents || ((octets[i - 1] ?? 0) & 0x80) === 0;
    if (startsArc && octets[i] === 0x80) return false;
  }
  return true;
}

function tagText(tag: number): string {
  return `tag ${tag.toString(16).padStart(2, '0')}`;
}

function bits(...numbers: readonly number[]): number {
  let set = 0;
  for (const number of numbers) set |= 1 << number;
  return set >>> 0;
}
