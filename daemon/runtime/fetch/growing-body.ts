/**
 * A body that arrives in pieces of any size. It never holds more than its limit, and a million pieces of one octet cost no more
 * than one piece of a million.
 */
export class GrowingBody {
  readonly #limit: number;
  #octets = new Uint8Array(4096);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a piece; false if it would be too much, and then nothing is kept. */
  add(piece: Uint8Array): boolean {
    const length = this.#length + piece.length;
    if (length > this.#limit) {
      this.#octets = new Uint8Array(0);
      this.#length = 0;
      return false;
    }
    if (length > this.#octets.length) {
      const larger = new Uint8Array(
        Math.min(this.#limit, Math.max(length, this.#octets.length * 2)),
      );
      larger.set(this.#octets.subarray(0, this.#length));
      this.#octets = larger;
    }
    this.#octets.set(piece, this.#length);
    this.#length = length;
    return true;
  }

  /** What came so far, a copy of its own. */
  take(): Uint8Array {
    return this.#octets.slice(0, this.#length);
  }
}
