const inspect = Symbol.for('nodejs.util.inspect.custom');

/**
 * Key material that is wiped when disposed and prints as `[secret]` everywhere: in templates, JSON and
 * inspection. It owns its octets; whoever hands them in must not keep a reference.
 */
export class Secret implements Disposable {
  readonly #bytes: Uint8Array;
  #wiped = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The octets themselves, not a copy. Throws once wiped, so that zeros are never used as a key. */
  get bytes(): Uint8Array {
    if (this.#wiped) throw new TypeError('secret used after it was wiped');
    return this.#bytes;
  }

  /** Overwrites the octets with zeros; calling it again does nothing. */
  [Symbol.dispose](): void {
    this.#bytes.fill(0);
    this.#wiped = true;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect](): string {
    return '[secret]';
  }
}
