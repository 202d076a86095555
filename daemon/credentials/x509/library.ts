import { AsnConvert } from '@peculiar/asn1-schema';
import { equalBytes } from '../../util/bytes.ts';
import { X509Error } from './decoded.ts';

/**
 * Decodes octets that passed the DER guard with a schema of the ASN.1 library. The library skips over elements it does not expect,
 * also those that would restrict something; so its value must encode to the same octets again. Throws {@link X509Error}.
 */
export function decodeWithLibrary<T>(type: new () => T, der: Uint8Array, field: string): T {
  const value = parsed(type, der);
  if (value === undefined || !equalBytes(encoded(value), der))
    throw new X509Error(field, `is no well-formed ${type.name}`);
  return value;
}

function parsed<T>(type: new () => T, der: Uint8Array): T | undefined {
  try {
    return AsnConvert.parse(der, type);
  } catch {
    return undefined;
  }
}

function encoded(value: unknown): Uint8Array {
  try {
    return new Uint8Array(AsnConvert.serialize(value));
  } catch {
    return new Uint8Array();
  }
}
