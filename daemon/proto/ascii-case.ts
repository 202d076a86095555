import { latin1 } from '../util/bytes.ts';

/** One character per octet with A to Z as a to z and nothing else changed: equal texts are equal without case. */
export function foldCase(octets: Uint8Array): string {
  const text = latin1(octets);
  return hasUpper(octets) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

// Most names are written in small letters.
function hasUpper(octets: Uint8Array): boolean {
  for (const octet of octets) if (octet >= 0x41 && octet <= 0x5a) return true;
  return false;
}
