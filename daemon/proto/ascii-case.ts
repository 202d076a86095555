import { latin1 } from '../util/bytes.ts';

/** One character per octet with A to Z as a to z and nothing else changed: equal texts are equal without case. */
export function foldCase(octets: Uint8Array): string {
  return latin1(octets).replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
