/** The same octets as a plain `Uint8Array`: a `Buffer` would change the meaning of `slice` for whoever gets it. */
export function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}
