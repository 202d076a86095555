import { fromHex, toHex } from '../../daemon/util/hex.ts';

/** Lower-case hexadecimal text of octets: failures of tests are readable. */
export function hex(bytes: Uint8Array): string {
  return toHex(bytes);
}

/** Octets of a hexadecimal text that may hold white space; throws if it is none. */
export function octetsOf(text: string): Uint8Array {
  const bytes = fromHex(text.replace(/\s+/g, ''));
  if (bytes === undefined) throw new TypeError(`not hexadecimal: ${text.slice(0, 40)}`);
  return bytes;
}
