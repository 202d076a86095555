import { InternalError } from '../util/error.ts';

const KEPT_OCTETS = 4096;

/** Appends octets to a buffer that grows; numbers are big-endian and must fit. */
export class Writer {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#check(value, 0xff);
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  u16(value: number): void {
    this.#check(value, 0xffff);
    const at = this.#reserve(2);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
  }

  u32(value: number): void {
    this.#check(value, 0xffffffff);
    const at = this.#reserve(4);
    this.#bytes[at] = value >>> 24;
    this.#bytes[at + 1] = value >>> 16;
    this.#bytes[at + 2] = value >>> 8;
    this.#bytes[at + 3] = value;
  }

  u64(value: bigint): void {
    this.u32(Number(value >> 32n));
    this.u32(Number(value & 0xffffffffn));
  }

  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length);
    this.#bytes.set(value, at);
  }

  zeros(count: number): void {
    this.#reserve(count);
  }

  /** Overwrites one octet written before. */
  patchU8(at: number, value: number): void {
    this.#check(value, 0xff);
    this.#bytes[at] = value;
  }

  /** Overwrites a 16-bit number written before. */
  patchU16(at: number, value: number): void {
    this.#check(value, 0xffff);
    this.#bytes[at] = value >> 8;
    this.#bytes[at + 1] = value;
  }

  /** What was written, as an array of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** The same for the last time: where all room was used, that is the array. */
  end(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.finish();
  }

  /** Begins anew, in the same memory if it is not large. */
  reset(): void {
    if (this.#bytes.length > KEPT_OCTETS) this.#bytes = new Uint8Array(KEPT_OCTETS);
    this.#bytes.fill(0, 0, this.#length);
    this.#length = 0;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }

  #check(value: number, max: number): void {
    if (!Number.isInteger(value) || value < 0 || value > max) {
      throw new InternalError(`${value} does not fit a field of at most ${max}`);
    }
  }
}
