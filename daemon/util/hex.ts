const digits = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal text, two digits an octet, no separators. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const octet of bytes) text += digits[octet];
  return text;
}

/** Octets of a hexadecimal text, or `undefined` if it is not one. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const octet = (digitAt(text, i * 2) << 4) | digitAt(text, i * 2 + 1);
    if (octet < 0) return undefined;
    bytes[i] = octet;
  }
  return bytes;
}

/** Value of a hexadecimal digit, -1 if it is none. */
function digitAt(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** A 32-bit number as eight hexadecimal digits: the printed form of an ESP or AH SPI. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

/** A 16-bit number as four hexadecimal digits: the printed form of an IPComp CPI. */
export function hex16(value: number): string {
  return (value & 0xffff).toString(16).padStart(4, '0');
}
