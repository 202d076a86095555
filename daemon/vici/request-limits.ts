import { ElementType } from './element.ts';

/** Elements of one request: 512 KiB of connections have fewer. */
export const MAX_ELEMENTS = 65_536;
/** Elements of one of its sections and lists, with all that is inside: one connection, one list of owners. */
export const MAX_PART = 16_384;
/** Packets of fewer octets cannot have too many. */
const MIN_OCTETS = MAX_PART;

/**
 * Why a request is refused before it is decoded, or `undefined`. Only counts: an element of three octets costs a hundred times as much once it is
 * an object. Stops at what is malformed, which decoding will find again.
 */
export function tooManyElements(octets: Uint8Array, offset: number): string | undefined {
  if (octets.length < MIN_OCTETS) return undefined;
  let at = offset;
  let count = 0;
  let depth = 0;
  let began = 0;
  while (at < octets.length) {
    const type = octets[at++];
    count++;
    if (depth === 0) began = count;
    if (type === ElementType.SECTION_START || type === ElementType.LIST_START) {
      at += 1 + (octets[at] ?? 0);
      depth++;
    } else if (type === ElementType.SECTION_END || type === ElementType.LIST_END) {
      depth--;
    } else if (type === ElementType.KEY_VALUE) {
      at += 1 + (octets[at] ?? 0);
      at += 2 + valueLength(octets, at);
    } else if (type === ElementType.LIST_ITEM) {
      at += 2 + valueLength(octets, at);
    } else return undefined;
    if (count > MAX_ELEMENTS)
      return `a request of more than ${MAX_ELEMENTS} elements: send it in several`;
    if (count - began > MAX_PART)
      return `a section or list of more than ${MAX_PART} elements is not taken`;
  }
  return undefined;
}

function valueLength(octets: Uint8Array, at: number): number {
  return ((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0);
}
