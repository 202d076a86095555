import { crc32 } from 'node:zlib';
import type { SessionChanges } from '../contracts/session-store.ts';

/** Before the contents of a frame: their number, their CRC-32 and the CRC-32 of these two, four octets each, big-endian. */
const FRAME_HEADER = 12;
const ENTRY_HEADER = 6;
/** In place of a length: the record is gone. */
const GONE = 0xffff_ffff;

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/** Where the value of a record is in a file. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

/** Changes in one frame, which counts as a whole or not at all; `places` are the values' offsets within it. */
export function encodeFrame(changes: SessionChanges): {
  readonly frame: Uint8Array;
  readonly places: ReadonlyMap<string, Place | undefined>;
} {
  const entries = [...changes].map(([key, value]) => ({ key, name: encoder.encode(key), value }));
  const length = entries.reduce(
    (sum, { name, value }) => sum + ENTRY_HEADER + name.length + (value?.length ?? 0),
    0,
  );
  const frame = new Uint8Array(FRAME_HEADER + length);
  const view = new DataView(frame.buffer);
  const places = new Map<string, Place | undefined>();
  let offset = FRAME_HEADER;
  for (const { key, name, value } of entries) {
    view.setUint16(offset, name.length);
    view.setUint32(offset + 2, value?.length ?? GONE);
    frame.set(name, offset + ENTRY_HEADER);
    offset += ENTRY_HEADER + name.length;
    if (value === undefined) {
      places.set(key, undefined);
      continue;
    }
    frame.set(value, offset);
    places.set(key, { offset, length: value.length });
    offset += value.length;
  }
  view.setUint32(0, length);
  view.setUint32(4, crc32(frame.subarray(FRAME_HEADER)));
  view.setUint32(8, crc32(frame.subarray(0, 8)));
  return { frame, places };
}

/**
 * The records that a sequence of frames amounts to, as views of `octets`. A frame that ends beyond the end was cut off by the
 * death of its writer and does not count; `undefined` if anything else is not as it was written.
 */
export function decodeFrames(octets: Uint8Array): Map<string, Uint8Array> | undefined {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const records = new Map<string, Uint8Array>();
  let offset = 0;
  while (octets.length - offset >= FRAME_HEADER) {
    if (crc32(octets.subarray(offset, offset + 8)) !== view.getUint32(offset + 8)) return undefined;
    const length = view.getUint32(offset);
    const start = offset + FRAME_HEADER;
    const end = start + length;
    if (end > octets.length) break;
    if (crc32(octets.subarray(start, end)) !== view.getUint32(offset + 4)) return undefined;
    for (let at = start; at < end; ) {
      if (end - at < ENTRY_HEADER) return undefined;
      const nameEnd = at + ENTRY_HEADER + view.getUint16(at);
      const size = view.getUint32(at + 2);
      const valueEnd = nameEnd + (size === GONE ? 0 : size);
      if (valueEnd > end) return undefined;
      const key = decoder.decode(octets.subarray(at + ENTRY_HEADER, nameEnd));
      if (size === GONE) records.delete(key);
      else records.set(key, octets.subarray(nameEnd, valueEnd));
      at = valueEnd;
    }
    offset = end;
  }
  return records;
}
