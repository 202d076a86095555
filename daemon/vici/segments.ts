import { MAX_PACKET } from './packet.ts';

/** What came of feeding octets. */
export type SegmentResult =
  | { readonly kind: 'packets'; readonly packets: readonly Uint8Array[] }
  /** The announced length is beyond the limit: the stream cannot be followed any further. */
  | { readonly kind: 'too-long'; readonly packets: readonly Uint8Array[]; readonly length: number };

/** A segment with its length. */
const LARGEST = MAX_PACKET + 4;

const NOTHING = new Uint8Array(0);

/** Cuts a byte stream into packets, each preceded by four octets of length. */
export class SegmentReader {
  /** What is held of a segment that is not complete, in a buffer that grows by doubling. */
  #buffer: Uint8Array = NOTHING;
  #length = 0;

  /** Whether a segment has begun and is not complete. */
  get partial(): boolean {
    return this.#length > 0;
  }

  /** Octets that are kept for a segment that is not complete. */
  get held(): number {
    return this.#buffer.length;
  }

  /** Forgets what is kept, which may be a part of a secret. */
  wipe(): void {
    this.#buffer.fill(0);
    this.#buffer = NOTHING;
    this.#length = 0;
  }

  /**
   * Takes octets, which belong to it from then on, and gives the packets that are complete with them. What it copies it wipes where it was: a packet may hold a
   * secret, and whoever wipes the packet wipes the last copy.
   */
  push(octets: Uint8Array): SegmentResult {
    const held = this.#length > 0;
    if (held) this.#append(octets);
    const work = held ? this.#buffer.subarray(0, this.#length) : octets;
    const packets: Uint8Array[] = [];
    let offset = 0;
    while (work.length - offset >= 4) {
      const length = lengthAt(work, offset);
      if (length > MAX_PACKET) return { kind: 'too-long', packets, length };
      if (work.length - offset - 4 < length) break;
      packets.push(work.subarray(offset + 4, offset + 4 + length));
      offset += 4 + length;
    }
    // Packets handed out are views of the old buffer: what is left over moves to a new one.
    if (offset > 0 || !held) this.#restart(work.subarray(offset));
    return { kind: 'packets', packets };
  }

  #append(octets: Uint8Array): void {
    const needed = this.#length + octets.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, Math.min(this.#buffer.length * 2, LARGEST)));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer.fill(0);
      this.#buffer = larger;
    }
    this.#buffer.set(octets, this.#length);
    octets.fill(0);
    this.#length = needed;
  }

  #restart(rest: Uint8Array): void {
    this.#length = rest.length;
    if (rest.length === 0) {
      this.#buffer = NOTHING;
      return;
    }
    this.#buffer = new Uint8Array(rest);
    rest.fill(0);
  }
}

function lengthAt(octets: Uint8Array, at: number): number {
  let length = 0;
  for (let i = at; i < at + 4; i++) length = length * 256 + (octets[i] ?? 0);
  return length;
}
