import { splitList } from '../config/section-reader.ts';
import { latin1 } from '../util/bytes.ts';
import { ElementType, printableText } from './element.ts';

/** What differs from connection to connection where there are thousands of them, beside their names. */
export const Part = {
  LOCAL_ADDRS: 0,
  REMOTE_ADDRS: 1,
  VIPS: 2,
  LOCAL_ID: 3,
  REMOTE_ID: 4,
  /** The name of a child; its selectors follow. */
  CHILD: 5,
  LOCAL_TS: 6,
  REMOTE_TS: 7,
} as const;
export type Part = (typeof Part)[keyof typeof Part];

/** Longer sections are not worth it. */
const MAX_OCTETS = 2048;

const TOP_KEYS = [
  ['local_addrs', Part.LOCAL_ADDRS],
  ['remote_addrs', Part.REMOTE_ADDRS],
  ['vips', Part.VIPS],
] as const;
const CHILD_KEYS = [
  ['local_ts', Part.LOCAL_TS],
  ['remote_ts', Part.REMOTE_TS],
] as const;

/** Depths within the section of a connection. */
const TOP = 1;
const INNER = 2;
const CHILD = 3;

/** First letters of `local…` and `children` in lower case; every other section is `remote…`. */
const LOCAL = 0x6c;
const CHILDREN = 0x63;
const LOWER = 0x20;

/**
 * One section of a `load-conn` request, taken apart without decoding it: the parts that usually differ, and all the rest. One instance serves for
 * many sections, one after the other.
 */
export class SectionShape {
  readonly #rest = new Uint8Array(MAX_OCTETS);
  #octets: Uint8Array = this.#rest;
  #length = 0;
  /** What comes before this place is cut out or copied. */
  #done = 0;
  readonly #parts: Part[] = [];
  /** Of the elements that they belong to. */
  readonly #types: number[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #count = 0;

  /** Parts of the section taken apart last. */
  get count(): number {
    return this.#count;
  }

  /**
   * The text of all but the parts and the connection's name: sections with equal texts have the same parts in the same order, and say the
   * same otherwise. `undefined` if the section is long or holds what no connection has. Looks at `octets` until the next call.
   */
  take(octets: Uint8Array): string | undefined {
    this.#octets = octets;
    this.#length = 0;
    this.#done = 0;
    this.#count = 0;
    if (octets.length > MAX_OCTETS || !this.#scan(octets)) return undefined;
    this.#cut(octets.length, octets.length);
    return latin1(this.#rest.subarray(0, this.#length));
  }

  /** Forgets the octets: their owner wipes them. */
  clear(): void {
    this.#octets = this.#rest;
    this.#count = 0;
  }

  partAt(index: number): Part | undefined {
    return this.#parts[index];
  }

  /** The octets of a part, its lengths and types included. A copy. */
  octetsAt(index: number): Uint8Array {
    return this.#octets.slice(this.#starts[index], this.#ends[index]);
  }

  /** Whether a part is just these octets. */
  equals(index: number, octets: Uint8Array | undefined): boolean {
    const start = this.#starts[index] ?? 0;
    if (octets === undefined || (this.#ends[index] ?? 0) - start !== octets.length) return false;
    for (let i = 0; i < octets.length; i++) if (this.#octets[start + i] !== octets[i]) return false;
    return true;
  }

  /** The text of a key/value, or the name of a child. Throws if it is not printable. */
  textAt(index: number): string {
    const start = this.#starts[index] ?? 0;
    const head = this.#types[index] === ElementType.KEY_VALUE ? 2 : 1;
    return this.#text(start + head, this.#ends[index] ?? 0);
  }

  /** The items of a list, or those of a text that stands for one. Throws if they are not printable. */
  itemsAt(index: number): readonly string[] {
    if (this.#types[index] === ElementType.KEY_VALUE) return splitList(this.textAt(index));
    const items: string[] = [];
    const last = (this.#ends[index] ?? 0) - 1;
    for (let at = this.#starts[index] ?? 0; at < last; ) {
      const end = valueEnd(this.#octets, at + 1);
      items.push(this.#text(at + 3, end));
      at = end;
    }
    return items;
  }

  #text(start: number, end: number): string {
    const text = printableText(this.#octets, start, end);
    if (text === undefined) throw new RangeError('only printable ASCII characters are allowed');
    return text;
  }

  #scan(octets: Uint8Array): boolean {
    let at = 0;
    let depth = 0;
    let section = 0;
    while (at < octets.length) {
      const type = octets[at++];
      if (type === ElementType.SECTION_END) {
        depth--;
        continue;
      }
      const name = at + 1;
      const length = octets[at] ?? 0;
      at = name + length;
      if (type === ElementType.SECTION_START) {
        depth++;
        if (depth === TOP) this.#cut(name - 1, at);
        else if (depth === INNER) section = (octets[name] ?? 0) | LOWER;
        else if (depth === CHILD && section === CHILDREN) this.#add(Part.CHILD, type, name - 1, at);
        else return false;
        continue;
      }
      if (type !== ElementType.KEY_VALUE && type !== ElementType.LIST_START) return false;
      const value = at;
      at = type === ElementType.KEY_VALUE ? valueEnd(octets, at) : listEnd(octets, at);
      const part = partOf(octets, name, length, depth, section);
      if (part !== undefined) this.#add(part, type, value, at);
    }
    return depth === 0 && at === octets.length;
  }

  #add(part: Part, type: number, start: number, end: number): void {
    const index = this.#count++;
    this.#parts[index] = part;
    this.#types[index] = type;
    this.#starts[index] = start;
    this.#ends[index] = end;
    this.#cut(start, end);
  }

  // Copies what is before the start and goes on after the end.
  #cut(start: number, end: number): void {
    for (let i = this.#done; i < start; i++) this.#rest[this.#length++] = this.#octets[i] ?? 0;
    this.#done = end;
  }
}

function partOf(
  octets: Uint8Array,
  name: number,
  length: number,
  depth: number,
  section: number,
): Part | undefined {
  if (depth === INNER) {
    if (section === CHILDREN || !isName('id', octets, name, length)) return undefined;
    return section === LOCAL ? Part.LOCAL_ID : Part.REMOTE_ID;
  }
  for (const [key, part] of depth === TOP ? TOP_KEYS : CHILD_KEYS)
    if (isName(key, octets, name, length)) return part;
  return undefined;
}

function isName(name: string, octets: Uint8Array, start: number, length: number): boolean {
  if (name.length !== length) return false;
  for (let i = 0; i < length; i++) if (octets[start + i] !== name.charCodeAt(i)) return false;
  return true;
}

/** Where the value ends whose length stands here. */
function valueEnd(octets: Uint8Array, at: number): number {
  return at + 2 + (((octets[at] ?? 0) << 8) | (octets[at + 1] ?? 0));
}

/** Where the list ends whose items begin here. */
function listEnd(octets: Uint8Array, start: number): number {
  let at = start;
  while (octets[at] === ElementType.LIST_ITEM) at = valueEnd(octets, at + 1);
  return octets[at] === ElementType.LIST_END ? at + 1 : MAX_OCTETS + 1;
}
