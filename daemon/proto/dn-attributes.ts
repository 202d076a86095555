import { toHex } from '../util/hex.ts';
import { oidOctets } from './oid.ts';

/** An attribute type of distinguished names: how it prints and its OID as DER contents. */
export interface DnAttribute {
  readonly name: string;
  readonly oid: Uint8Array;
}

// The first name of an OID is the printed one, the others are accepted as well.
const ROWS: readonly (readonly [oid: string, ...names: string[]])[] = [
  ['0.2.262.1.10.7.20', 'ND'],
  ['0.9.2342.19200300.100.1.1', 'UID'],
  ['0.9.2342.19200300.100.1.25', 'DC'],
  ['2.5.4.3', 'CN'],
  ['2.5.4.4', 'SN'],
  ['2.5.4.5', 'serialNumber'],
  ['2.5.4.6', 'C'],
  ['2.5.4.7', 'L'],
  ['2.5.4.8', 'ST'],
  ['2.5.4.9', 'STREET'],
  ['2.5.4.10', 'O'],
  ['2.5.4.11', 'OU'],
  ['2.5.4.97', 'organizationIdentifier'],
  ['2.5.4.12', 'T'],
  ['2.5.4.13', 'D'],
  ['2.5.4.16', 'postalAddress'],
  ['2.5.4.17', 'postalCode'],
  ['2.5.4.41', 'N'],
  ['2.5.4.42', 'G'],
  ['2.5.4.43', 'I'],
  ['2.5.4.46', 'dnQualifier'],
  ['2.5.4.54', 'dmdName'],
  ['2.5.4.65', 'pseudonym'],
  ['2.5.4.45', 'ID'],
  ['2.16.840.1.113730.3.1.3', 'EN', 'employeeNumber'],
  ['1.2.840.113549.1.9.1', 'E', 'Email', 'emailAddress'],
  ['1.2.840.113549.1.9.2', 'UN', 'unstructuredName'],
  ['1.2.840.113549.1.9.8', 'UA', 'unstructuredAddress'],
  ['1.3.6.1.4.1.1201.1.1.2.2.75', 'TCGID'],
];

const byName = new Map<string, DnAttribute>();
const byOid = new Map<string, string>();
for (const [dotted, printed = '', ...aliases] of ROWS) {
  const attribute = { name: printed, oid: oidOctets(dotted) };
  for (const name of [printed, ...aliases]) byName.set(name.toLowerCase(), attribute);
  byOid.set(toHex(attribute.oid), printed);
}

/** The attribute of a name in any case. */
export function dnAttributeNamed(name: string): DnAttribute | undefined {
  return byName.get(name.toLowerCase());
}

/** `CN`, or the octets in hexadecimal as `55:04:7b` for an unknown OID. */
export function printDnAttribute(oid: Uint8Array): string {
  const hex = toHex(oid);
  return byOid.get(hex) ?? (hex.match(/../g) ?? []).join(':');
}

/** The e-mail attribute, whose IA5String values compare without case. */
export const EMAIL_OID: Uint8Array = oidOctets('1.2.840.113549.1.9.1');
/** The unstructuredName attribute, an IA5String like e-mail. */
export const UNSTRUCTURED_NAME_OID: Uint8Array = oidOctets('1.2.840.113549.1.9.2');
