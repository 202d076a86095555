/** Element types of a VICI message. */
export const ElementType = {
  SECTION_START: 1,
  SECTION_END: 2,
  KEY_VALUE: 3,
  LIST_START: 4,
  LIST_ITEM: 5,
  LIST_END: 6,
} as const;

/** Longest name, in octets: the length is one octet. */
export const MAX_NAME = 255;
/** Longest value, in octets: the length is two octets. */
export const MAX_VALUE = 65535;
/** Sections nested deeper come from no client there is. */
export const MAX_DEPTH = 256;

/** One element as it stands on the wire. Octets are views of the message. */
export type Element =
  | { readonly type: 1 | 4; readonly name: string }
  | { readonly type: 2 | 6 }
  | { readonly type: 3; readonly name: string; readonly value: Uint8Array }
  | { readonly type: 5; readonly value: Uint8Array };

/** Reads elements one after the other; `undefined` at the end, `broken` once something is malformed. */
export class ElementReader {
  readonly #octets: Uint8Array;
  #offset: number;
  #broken = false;

  constructor(octets: Uint8Array, offset = 0) {
    this.#octets = octets;
    this.#offset = offset;
  }

  get broken(): boolean {
    return this.#broken;
  }

  next(): Element | undefined {
    if (this.#broken || this.#offset >= this.#octets.length) return undefined;
    const element = this.#element();
    this.#broken = element === undefined;
    return element;
  }

  #element(): Element | undefined {
    const type = this.#octets[this.#offset++];
    switch (type) {
      case ElementType.SECTION_START:
      case ElementType.LIST_START: {
        const name = this.#name();
        return name === undefined ? undefined : { type, name };
      }
      case ElementType.SECTION_END:
      case ElementType.LIST_END:
        return { type };
      case ElementType.KEY_VALUE: {
        const name = this.#name();
        const value = name === undefined ? undefined : this.#value();
        return name === undefined || value === undefined ? undefined : { type, name, value };
      }
      case ElementType.LIST_ITEM: {
        const value = this.#value();
        return value === undefined ? undefined : { type, value };
      }
      default:
        return undefined;
    }
  }

  #name(): string | undefined {
    const length = this.#octets[this.#offset];
    if (length === undefined) return undefined;
    const start = this.#offset + 1;
    const end = start + length;
    if (end > this.#octets.length) return undefined;
    this.#offset = end;
    return printableText(this.#octets, start, end);
  }

  #value(): Uint8Array | undefined {
    const high = this.#octets[this.#offset];
    const low = this.#octets[this.#offset + 1];
    if (high === undefined || low === undefined) return undefined;
    return this.#take(2, (high << 8) | low);
  }

  #take(prefix: number, length: number): Uint8Array | undefined {
    const start = this.#offset + prefix;
    if (start + length > this.#octets.length) return undefined;
    this.#offset = start + length;
    return this.#octets.subarray(start, start + length);
  }
}

/** The text of octets from one place to another, or `undefined` if one is outside printable ASCII. */
export function printableText(octets: Uint8Array, start: number, end: number): string | undefined {
  let text = '';
  for (let i = start; i < end; i++) {
    const octet = octets[i] ?? 0;
    if (octet < 0x20 || octet > 0x7e) return undefined;
    text += String.fromCharCode(octet);
  }
  return text;
}
