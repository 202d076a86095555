/** Octets of a page: small, since one key that lives long keeps all of its page. */
const PAGE_OCTETS = 1024;

/**
 * Keys for as long as an SA lives. A small array of its own would be moved about by the garbage collector, which leaves copies
 * behind, and a larger one would cost it more than the key is worth: keys share pages that stay where they are.
 */
export class KeyPages {
  #page = new Uint8Array(PAGE_OCTETS);
  #used = 0;

  /** Copies the key, of at most 1024 octets. */
  keep(key: Uint8Array): KeptKey {
    if (key.length > PAGE_OCTETS - this.#used) {
      this.#page = new Uint8Array(PAGE_OCTETS);
      this.#used = 0;
    }
    this.#page.set(key, this.#used);
    const kept = new KeptKey(this.#page, this.#used, key.length);
    this.#used += key.length;
    return kept;
  }
}

/** One key of {@link KeyPages}. */
export class KeptKey implements Disposable {
  readonly length: number;
  readonly #page: Uint8Array;
  readonly #offset: number;
  #wiped = false;

  constructor(page: Uint8Array, offset: number, length: number) {
    this.#page = page;
    this.#offset = offset;
    this.length = length;
  }

  /** Writes the key to the start of `target`. Throws once wiped, so that zeros are never used as a key. */
  copyTo(target: Uint8Array): void {
    if (this.#wiped) throw new TypeError('key used after it was wiped');
    const from = this.#page;
    const offset = this.#offset;
    for (let i = 0; i < this.length; i++) target[i] = from[offset + i] ?? 0;
  }

  [Symbol.dispose](): void {
    this.#page.fill(0, this.#offset, this.#offset + this.length);
    this.#wiped = true;
  }
}
