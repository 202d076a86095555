import { equalBytes, printable, utf8 } from '../util/bytes.ts';
import { type DerElement, DerTag, derElement, derElements } from './der.ts';
import {
  dnAttributeNamed,
  EMAIL_OID,
  printDnAttribute,
  UNSTRUCTURED_NAME_OID,
} from './dn-attributes.ts';

/** One attribute of a distinguished name. */
export interface DnPart {
  /** Counts the RDNs; two attributes of one RDN share the number. */
  readonly rdn: number;
  /** Contents of the DER object identifier. */
  readonly oid: Uint8Array;
  /** DER tag of the string. */
  readonly tag: number;
  readonly value: Uint8Array;
}

const MAX_TEXT_RDNS = 20;
const MAX_PARTS = 64;

/**
 * DER of a text like `C=CH, O=Org, CN=name` or `/C=CH/O=Org`, or `undefined` if it is none: no quoting, blanks
 * around separators dropped, at most 20 RDNs, only attribute names of the table.
 */
export function buildDn(text: string): Uint8Array | undefined {
  const separator = text.startsWith('/') ? '/' : ',';
  const pairs = (separator === '/' ? text.slice(1) : text).split(separator);
  if (pairs.length > 1 && pairs.at(-1)?.trim() === '') pairs.pop(); // one separator at the end is accepted
  if (pairs.length > MAX_TEXT_RDNS) return undefined;
  const rdns: Uint8Array[] = [];
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const attribute = equals < 0 ? undefined : dnAttributeNamed(pair.slice(0, equals).trim());
    if (attribute === undefined) return undefined;
    const value = pair.slice(equals + 1).trim();
    const string = derElement(stringTag(attribute.oid, value), utf8(value));
    const oid = derElement(DerTag.OID, attribute.oid);
    rdns.push(derElement(DerTag.SET, derElement(DerTag.SEQUENCE, oid, string)));
  }
  return derElement(DerTag.SEQUENCE, ...rdns);
}

/** The attributes in their order, or `undefined` if it is not DER of a name or has more than 64 of them. */
export function parseDn(der: Uint8Array): readonly DnPart[] | undefined {
  const outer = derElements(der, 1)?.[0];
  const sets = outer?.tag === DerTag.SEQUENCE ? derElements(outer.contents, MAX_PARTS) : undefined;
  if (sets === undefined) return undefined;
  const parts: DnPart[] = [];
  for (const [rdn, set] of sets.entries()) {
    const attributes = set.tag === DerTag.SET ? derElements(set.contents, MAX_PARTS) : undefined;
    if (attributes === undefined || attributes.length === 0) return undefined;
    for (const attribute of attributes) {
      const part = partOf(rdn, attribute);
      if (part === undefined || parts.length === MAX_PARTS) return undefined;
      parts.push(part);
    }
  }
  return parts;
}

/** `C=CH, O=Org, CN=name`; octets that are not printable ASCII become `?`. `undefined` if it cannot be parsed. */
export function printDn(der: Uint8Array): string | undefined {
  return parseDn(der)
    ?.map(({ oid, value }) => `${printDnAttribute(oid)}=${printable(value)}`)
    .join(', ');
}

function partOf(rdn: number, attribute: DerElement): DnPart | undefined {
  if (attribute.tag !== DerTag.SEQUENCE) return undefined;
  const elements = derElements(attribute.contents, 2);
  const [oid, string] = elements ?? [];
  if (oid?.tag !== DerTag.OID || oid.contents.length === 0 || string === undefined)
    return undefined;
  return { rdn, oid: oid.contents, tag: string.tag, value: string.contents };
}

function stringTag(oid: Uint8Array, value: string): number {
  if (equalBytes(oid, EMAIL_OID) || equalBytes(oid, UNSTRUCTURED_NAME_OID))
    return DerTag.IA5_STRING;
  return /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value) ? DerTag.PRINTABLE_STRING : DerTag.UTF8_STRING;
}
