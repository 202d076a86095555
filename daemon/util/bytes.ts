/** Joins chunks into one new array. */
export function concatBytes(...chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** Equality of *public* octets; secrets are compared with {@link constantTimeEqual}. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Octet-by-octet order from the left; a prefix sorts before the longer array. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The one of two that sorts first. */
export function lowerBytes(a: Uint8Array, b: Uint8Array): Uint8Array {
  return compareBytes(a, b) <= 0 ? a : b;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/** UTF-8 octets of a text. */
export function utf8(text: string): Uint8Array {
  return text.length <= SHORT ? shortAscii(text) : encoder.encode(text);
}

/** Up to this length an array lives on the heap of objects, which is many times cheaper than a buffer of its own. */
const SHORT = 64;

function shortAscii(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    octets[i] = code;
  }
  return octets;
}

/** One character per octet; never fails, whatever the octets are. */
export function latin1(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Octets as text for people: anything outside printable ASCII becomes `?`. */
export function printable(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) {
    text += octet >= 0x20 && octet <= 0x7e ? String.fromCharCode(octet) : '?';
  }
  return text;
}
