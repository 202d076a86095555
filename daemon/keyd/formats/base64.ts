/**
 * Octets of a base64 text (RFC 4648 section 4) that may be broken into lines; `undefined` if it is none. Made from octets and not from a string,
 * because a string cannot be wiped.
 */
export function decodeBase64(text: Uint8Array): Uint8Array | undefined {
  let digits = 0;
  let padding = 0;
  for (const octet of text) {
    if (isSpace(octet)) continue;
    if (octet === PAD) padding++;
    else if (padding > 0 || VALUES[octet] === NONE) return undefined;
    else digits++;
  }
  if (padding > 2 || (digits + padding) % 4 !== 0) return undefined;
  const octets = new Uint8Array(Math.floor((digits * 6) / 8));
  let offset = 0;
  let group = 0;
  let bits = 0;
  for (const octet of text) {
    if (isSpace(octet) || octet === PAD) continue;
    group = ((group << 6) | (VALUES[octet] ?? 0)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    octets[offset++] = group >>> bits;
  }
  // bits that belong to no octet are zero
  return (group & ((1 << bits) - 1)) === 0 ? octets : undefined;
}

const PAD = 0x3d;
const NONE = 0xff;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

const VALUES = new Uint8Array(256).fill(NONE);
for (let value = 0; value < ALPHABET.length; value++) VALUES[ALPHABET.charCodeAt(value)] = value;

function isSpace(octet: number): boolean {
  return octet === 0x20 || (octet >= 0x09 && octet <= 0x0d);
}
