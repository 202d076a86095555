import { X509Error } from './decoded.ts';

/** Slots looked at in a row: lists of real CAs stay below a hundred, one made to collide is refused. */
const MAX_PROBES = 1024;
const REMOVES = 0x8000_0000;
const LARGEST_ISSUER = 0x7fff_ffff;

/**
 * Finds entries of a CRL by issuer and serial number: offsets in a table of numbers, so that half a million entries take 16 MB and
 * no objects. An entry is named by the offset of its SEQUENCE, whose first element is a serial number shorter than 128 octets.
 */
export class RevokedIndex {
  readonly #octets: Uint8Array;
  /** Two numbers a slot: offset of the entry plus 1, and the number of its issuer with the flag. */
  #slots: Uint32Array;
  #size = 0;

  /** `expected` entries fit without moving any. */
  constructor(octets: Uint8Array, expected: number) {
    this.#octets = octets;
    this.#slots = new Uint32Array(4 * 2 ** Math.ceil(Math.log2(Math.max(16, expected))));
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Adds the entry at an offset; `removes` says that it takes the certificate off the list. Of two for one certificate that one stays
   * which revokes, or else the first. Throws {@link X509Error}.
   */
  add(at: number, issuer: number, removes: boolean, field: string): void {
    if (4 * (this.#size + 1) > this.#slots.length) this.#grow(field);
    const slot = this.#slotOfEntry(issuer, at);
    if (slot === undefined) throw new X509Error(field, 'serial numbers chosen to collide');
    const taken = this.#slots[slot] !== 0;
    if (taken && (removes || ((this.#slots[slot + 1] ?? 0) & REMOVES) === 0)) return;
    this.#slots[slot] = at + 1;
    this.#slots[slot + 1] = removes ? issuer + REMOVES : issuer;
    if (!taken) this.#size++;
  }

  /** Offset of the entry of a certificate. */
  find(issuer: number, serial: Uint8Array): number | undefined {
    const slot = this.#slotOf(issuer, serial, 0, serial.length);
    const at = slot === undefined ? 0 : (this.#slots[slot] ?? 0);
    return at === 0 ? undefined : at - 1;
  }

  #slotOfEntry(issuer: number, at: number): number | undefined {
    const start = this.#serialStart(at);
    return this.#slotOf(issuer, this.#octets, start, this.#octets[start - 1] ?? 0);
  }

  // The slot of the serial number in these octets, or the free one where it would be.
  #slotOf(issuer: number, octets: Uint8Array, start: number, length: number): number | undefined {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    let number = hashOf(issuer, octets, start, length) & mask;
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const slot = 2 * number;
      const at = slots[slot] ?? 0;
      if (at === 0) return slot;
      const same = ((slots[slot + 1] ?? 0) & LARGEST_ISSUER) === issuer;
      if (same && this.#holds(at - 1, octets, start, length)) return slot;
      number = (number + 1) & mask;
    }
    return undefined;
  }

  #holds(at: number, octets: Uint8Array, from: number, length: number): boolean {
    const start = this.#serialStart(at);
    if (this.#octets[start - 1] !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#octets[start + i] !== octets[from + i]) return false;
    }
    return true;
  }

  #grow(field: string): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(2 * old.length);
    for (let i = 0; i < old.length; i += 2) {
      const at = old[i] ?? 0;
      const flagged = old[i + 1] ?? 0;
      if (at === 0) continue;
      const slot = this.#slotOfEntry(flagged & LARGEST_ISSUER, at - 1);
      if (slot === undefined) throw new X509Error(field, 'serial numbers chosen to collide');
      this.#slots[slot] = at;
      this.#slots[slot + 1] = flagged;
    }
  }

  // Behind the header of the entry and that of the INTEGER.
  #serialStart(at: number): number {
    const length = this.#octets[at + 1] ?? 0;
    return at + 4 + (length < 0x80 ? 0 : length & 0x7f);
  }
}

// FNV-1a with a last mixing, as serial numbers may differ in their last octets only.
function hashOf(issuer: number, octets: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5 ^ issuer;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (octets[start + i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
