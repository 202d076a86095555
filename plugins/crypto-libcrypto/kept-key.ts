/** Octets of a page: small, since one key that lives long keeps all of its page. */
const PAGE_OCTETS = 1024;

/**
 * Keys for as long as an SA lives. A small array of its own would be moved about by the garbage collector, which leaves copies
 * behind, and a larger one would cost it more than the key is worth: keys share pages that stay where they are.
 */
export class KeyPages {
  #page = new Uint8Array(PAGE_OCTETS);
  #used = 0;

  /** The page with room for this many octets, of at most 1024, and where they begin. */
  reserve(length: number): { readonly page: Uint8Array; readonly offset: number } {
    if (length > PAGE_OCTETS - this.#used) {
      this.#page = new Uint8Array(PAGE_OCTETS);
      this.#used = 0;
    }
    const offset = this.#used;
    this.#used += length;
    return { page: this.#page, offset };
  }
}

/** Owns one key of {@link KeyPages}; what needs a key extends it, since ten thousand SAs have two of them each. */
export class KeptKey implements Disposable {
  readonly #length: number;
  readonly #offset: number;
  /** Absent once wiped. */
  #page: Uint8Array | undefined;

  /** Copies the key. */
  constructor(pages: KeyPages, key: Uint8Array) {
    const { page, offset } = pages.reserve(key.length);
    page.set(key, offset);
    this.#length = key.length;
    this.#offset = offset;
    this.#page = page;
  }

  /** Writes the key to the start of `target`. Throws once wiped, so that zeros are never used as a key. */
  protected copyKeyTo(target: Uint8Array): void {
    const page = this.#page;
    if (page === undefined) throw new TypeError('key used after it was wiped');
    const offset = this.#offset;
    for (let i = 0; i < this.#length; i++) target[i] = page[offset + i] ?? 0;
  }

  protected get wiped(): boolean {
    return this.#page === undefined;
  }

  [Symbol.dispose](): void {
    this.#page?.fill(0, this.#offset, this.#offset + this.#length);
    this.#page = undefined;
  }
}
