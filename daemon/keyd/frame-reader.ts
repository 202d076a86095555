import { MOST_FRAME_OCTETS } from './limits.ts';
import { type KeydFrame, KeydProtocolError } from './protocol.ts';

const HEAD = 5;

/** Cuts a stream of octets into frames, and wipes what it held of them. */
export class FrameReader {
  #buffer = new Uint8Array(4096);
  #length = 0;

  /**
   * The frames that are complete with these octets, copies of them: whoever asks may wipe both. Throws {@link KeydProtocolError} for one that is too
   * long or too short.
   */
  push(octets: Uint8Array): KeydFrame[] {
    const frames: KeydFrame[] = [];
    if (this.#length === 0) {
      // Mostly whole frames come, which need not be held.
      const used = cut(octets, octets.length, frames);
      if (used < octets.length) this.#append(octets.subarray(used));
      return frames;
    }
    this.#append(octets);
    const used = cut(this.#buffer, this.#length, frames);
    if (used > 0) {
      this.#buffer.copyWithin(0, used, this.#length);
      this.#buffer.fill(0, this.#length - used, this.#length);
      this.#length -= used;
    }
    return frames;
  }

  #append(octets: Uint8Array): void {
    const needed = this.#length + octets.length;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer.fill(0);
      this.#buffer = larger;
    }
    this.#buffer.set(octets, this.#length);
    this.#length = needed;
  }
}

/** Adds the frames that are complete within the first `end` octets; how many octets they are. */
function cut(octets: Uint8Array, end: number, frames: KeydFrame[]): number {
  let offset = 0;
  while (end - offset >= 4) {
    const length = uint32At(octets, offset);
    if (length < HEAD || length > MOST_FRAME_OCTETS)
      throw new KeydProtocolError(
        `a frame of ${length} octets, expected ${HEAD} to ${MOST_FRAME_OCTETS}`,
      );
    const next = offset + 4 + length;
    if (end < next) break;
    frames.push({
      type: octets[offset + 4] ?? 0,
      id: uint32At(octets, offset + 5),
      body: new Uint8Array(octets.subarray(offset + 4 + HEAD, next)),
    });
    offset = next;
  }
  return offset;
}

function uint32At(octets: Uint8Array, offset: number): number {
  let value = 0;
  for (let i = 0; i < 4; i++) value = value * 256 + (octets[offset + i] ?? 0);
  return value;
}
