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
    this.#append(octets);
    const view = new DataView(this.#buffer.buffer);
    const frames: KeydFrame[] = [];
    let offset = 0;
    while (this.#length - offset >= 4) {
      const length = view.getUint32(offset);
      if (length < HEAD || length > MOST_FRAME_OCTETS)
        throw new KeydProtocolError(
          `a frame of ${length} octets, expected ${HEAD} to ${MOST_FRAME_OCTETS}`,
        );
      const end = offset + 4 + length;
      if (this.#length < end) break;
      frames.push({
        type: this.#buffer[offset + 4] ?? 0,
        id: view.getUint32(offset + 5),
        body: this.#buffer.slice(offset + 4 + HEAD, end),
      });
      offset = end;
    }
    if (offset > 0) {
      this.#buffer.copyWithin(0, offset, this.#length);
      this.#buffer.fill(0, this.#length - offset, this.#length);
      this.#length -= offset;
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
