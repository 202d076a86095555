import { DecodeError } from './decode-error.ts';

const EMPTY = new Uint8Array(0);

const SHORT = 32;

/**
 * A cursor over octets that never leaves its bounds: every read past the end is a {@link DecodeError}. It only
 * ever moves forward. Numbers are big-endian.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  readonly #payload: string;
  #offset: number;

  /** `payload` names what is being read in errors. Reads `bytes[start..end)`; offsets count from `bytes[0]`. */
  constructor(bytes: Uint8Array, payload: string, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#payload = payload;
    this.#offset = start;
    this.#end = end;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    const at = this.#advance(1);
    return this.#bytes[at] as number;
  }

  u16(): number {
    const at = this.#advance(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  u32(): number {
    const at = this.#advance(4);
    const high = ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
    const low = ((this.#bytes[at + 2] as number) << 8) | (this.#bytes[at + 3] as number);
    return high * 0x10000 + low;
  }

  u64(): bigint {
    const high = this.u32();
    const low = this.u32();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** The next `length` octets as a copy. */
  bytes(length: number): Uint8Array {
    const at = this.#advance(length);
    if (length === 0) return EMPTY;
    const copy = new Uint8Array(length);
    // A view costs more than to copy a few octets one by one.
    if (length > SHORT) copy.set(this.#bytes.subarray(at, at + length));
    else for (let i = 0; i < length; i++) copy[i] = this.#bytes[at + i] as number;
    return copy;
  }

  /** Everything up to the end as a copy. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    this.#advance(length);
  }

  /** A reader of exactly the next `length` octets; this one continues behind them. */
  sub(length: number, payload: string = this.#payload): Reader {
    const at = this.#advance(length);
    return new Reader(this.#bytes, payload, at, at + length);
  }

  /** Refuses octets that nobody has read. */
  expectEnd(): void {
    if (this.remaining !== 0) throw this.error(`${this.remaining} octets left over`);
  }

  /** An error at the current place, to be thrown. */
  error(reason: string, notify?: number): DecodeError {
    const failure = { payload: this.#payload, offset: this.#offset, reason };
    return new DecodeError(notify === undefined ? failure : { ...failure, notify });
  }

  #advance(length: number): number {
    const at = this.#offset;
    if (length < 0 || length > this.#end - at) {
      throw this.error(`needs ${length} octets, has ${this.remaining}`);
    }
    this.#offset = at + length;
    return at;
  }
}
