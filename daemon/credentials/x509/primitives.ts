import { latin1 } from '../../util/bytes.ts';
import { X509Error } from './decoded.ts';

/** A small number that is not negative, from the contents of an INTEGER. */
export function smallInteger(contents: Uint8Array, field: string): number {
  if (contents.length === 0 || contents.length > 4 || (contents[0] ?? 0) >= 0x80)
    throw new X509Error(field, `INTEGER of ${contents.length} octets, expected 0 to 2^31`);
  let value = 0;
  for (const octet of contents) value = value * 256 + octet;
  return value;
}

/** A number that is not negative, of at most 20 octets (RFC 5280 section 5.2.3). */
export function bigInteger(contents: Uint8Array, field: string): bigint {
  if (contents.length === 0 || contents.length > 21 || (contents[0] ?? 0) >= 0x80)
    throw new X509Error(field, `INTEGER of ${contents.length} octets, expected 0 to 2^160`);
  let value = 0n;
  for (const octet of contents) value = (value << 8n) | BigInt(octet);
  return value;
}

/** Contents of a serial number's INTEGER, checked. RFC 5280 wants 1 to 20 octets; longer and negative ones are met in the field. */
export function serialOctets(contents: Uint8Array, field: string): Uint8Array {
  if (contents.length === 0 || contents.length > 64)
    throw new X509Error(field, `${contents.length} octets, expected 1 to 64`);
  return contents;
}

/** Octets of a BIT STRING that has no unused bits. */
export function wholeBits(contents: Uint8Array, field: string): Uint8Array {
  if (contents.length === 0 || contents[0] !== 0)
    throw new X509Error(field, 'BIT STRING that does not consist of octets');
  return contents.subarray(1);
}

/** Numbers of the bits that are set in a BIT STRING, the first being 0; at most 32 bits are looked at. */
export function namedBits(contents: Uint8Array): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < 32 && 1 + (i >> 3) < contents.length; i++) {
    if (((contents[1 + (i >> 3)] ?? 0) & (0x80 >> (i & 7))) !== 0) numbers.push(i);
  }
  return numbers;
}

/** Text of an IA5String. */
export function ia5(contents: Uint8Array, field: string): string {
  for (const octet of contents) {
    if (octet > 0x7f) throw new X509Error(field, `octet ${octet.toString(16)}, which is not IA5`);
  }
  return latin1(contents);
}
