import { X509Error } from './decoded.ts';
import { derSpanAt } from './der-guard.ts';

/** Tags of what X.509 is made of. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OID: 0x06,
  ENUMERATED: 0x0a,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Tag of a context-specific element with primitive contents. */
export function implicit(number: number): number {
  return 0x80 | number;
}

/** Tag of a context-specific element that is constructed. */
export function context(number: number): number {
  return 0xa0 | number;
}

/** One element; both arrays are views of the octets that were read. */
export interface DerItem {
  readonly tag: number;
  /** Tag, length and contents. */
  readonly der: Uint8Array;
  readonly contents: Uint8Array;
}

/** Takes the elements of a constructed value one by one, in order; what is not expected throws {@link X509Error}. */
export class DerReader {
  readonly #octets: Uint8Array;
  readonly #field: string;
  #at = 0;

  constructor(octets: Uint8Array, field: string) {
    this.#octets = octets;
    this.#field = field;
  }

  get done(): boolean {
    return this.#at === this.#octets.length;
  }

  /** Tag of the next element; `undefined` at the end. */
  get tag(): number | undefined {
    return this.#octets[this.#at];
  }

  /** The next element, whatever it is. */
  any(name: string): DerItem {
    const field = this.#path(name);
    if (this.done) throw new X509Error(field, 'missing');
    const span = derSpanAt(this.#octets, this.#at, this.#octets.length, field);
    const item = {
      tag: span.tag,
      der: this.#octets.subarray(this.#at, span.end),
      contents: this.#octets.subarray(span.contents, span.end),
    };
    this.#at = span.end;
    return item;
  }

  take(tag: number, name: string): DerItem {
    if (this.tag === tag) return this.any(name);
    throw new X509Error(
      this.#path(name),
      this.tag === undefined ? 'missing' : `tag ${hex(this.tag)}, expected ${hex(tag)}`,
    );
  }

  optional(tag: number, name: string): DerItem | undefined {
    return this.tag === tag ? this.any(name) : undefined;
  }

  /** A reader of the elements in the next one, which has this tag. */
  enter(tag: number, name: string): DerReader {
    return new DerReader(this.take(tag, name).contents, this.#path(name));
  }

  /** Every element, each of this tag; at most `limit`. */
  all(tag: number, name: string, limit: number): DerItem[] {
    const items: DerItem[] = [];
    while (!this.done) {
      if (items.length === limit) throw new X509Error(this.#field, `more than ${limit} elements`);
      items.push(this.take(tag, `${name}[${items.length}]`));
    }
    return items;
  }

  end(): void {
    if (!this.done)
      throw new X509Error(this.#field, `unexpected element with tag ${hex(this.tag ?? 0)}`);
  }

  #path(name: string): string {
    return `${this.#field}.${name}`;
  }
}

function hex(tag: number): string {
  return tag.toString(16).padStart(2, '0');
}
