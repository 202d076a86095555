import { equalBytes } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';
import { foldCase } from './ascii-case.ts';
import { DerTag } from './der.ts';
import { type DnPart, parseDn } from './distinguished-name.ts';
import { EMAIL_OID } from './dn-attributes.ts';

/** How the RDNs of two names are compared: `charon.rdn_matching`. */
export type RdnMatching = 'strict' | 'reordered' | 'relaxed';

const PERFECT = 20;
const LEAST = 2;

/**
 * How well a name fits a configured pattern: 20 if equal, one less per wildcard (an attribute whose pattern is
 * `*`; with `relaxed` also each attribute the pattern lacks) but at least 2, 0 if it does not fit. What is not
 * DER of a name fits only itself, octet by octet.
 */
export function matchDn(pattern: Uint8Array, name: Uint8Array, matching: RdnMatching): number {
  if (equalBytes(pattern, name)) return PERFECT;
  const wanted = parseDn(pattern);
  const parts = parseDn(name);
  if (wanted === undefined || parts === undefined) return 0;
  if (matching === 'relaxed' ? wanted.length > parts.length : wanted.length !== parts.length)
    return 0;
  const wildcards =
    matching === 'strict' ? strictWildcards(wanted, parts) : freeWildcards(wanted, parts);
  return wildcards === undefined ? 0 : Math.max(LEAST, PERFECT - wildcards);
}

/** Equality of names, wildcards taken literally. */
export function equalDn(a: Uint8Array, b: Uint8Array): boolean {
  if (equalBytes(a, b)) return true;
  const left = parseDn(a);
  const right = parseDn(b);
  if (left === undefined || right?.length !== left.length) return false;
  return left.every((part, i) => {
    const other = right[i];
    return other !== undefined && part.rdn === other.rdn && equalPart(part, other);
  });
}

/** A text that equal names share (not only equal ones: string types and case are left out of it). */
export function dnKey(der: Uint8Array): string {
  const parts = parseDn(der);
  if (parts === undefined) return `der:${toHex(der)}`;
  return parts.map(({ rdn, oid, value }) => `${rdn}:${toHex(oid)}=${foldCase(value)}`).join('\0');
}

/** Whether a name stands for many: an attribute of it is `*`. */
export function hasWildcard(der: Uint8Array): boolean {
  return parseDn(der)?.some(isWildcard) === true;
}

function strictWildcards(wanted: readonly DnPart[], parts: readonly DnPart[]): number | undefined {
  let wildcards = 0;
  for (const [i, want] of wanted.entries()) {
    const part = parts[i];
    if (part === undefined || part.rdn !== want.rdn) return undefined;
    if (equalPart(want, part)) continue;
    if (!isWildcard(want) || !equalBytes(want.oid, part.oid)) return undefined;
    wildcards++;
  }
  return wildcards;
}

// Literal values take their counterparts first, so that a wildcard cannot use up the only one of them.
function freeWildcards(wanted: readonly DnPart[], parts: readonly DnPart[]): number | undefined {
  const left = [...parts];
  const take = (fits: (part: DnPart) => boolean): boolean => {
    const index = left.findIndex(fits);
    if (index >= 0) left.splice(index, 1);
    return index >= 0;
  };
  for (const want of wanted) {
    if (!isWildcard(want) && !take((part) => equalPart(want, part))) return undefined;
  }
  let wildcards = 0;
  for (const want of wanted) {
    if (!isWildcard(want)) continue;
    if (!take((part) => equalBytes(want.oid, part.oid))) return undefined;
    wildcards++;
  }
  return wildcards + left.length;
}

function isWildcard({ value }: DnPart): boolean {
  return value.length === 1 && value[0] === 0x2a;
}

// PrintableString and e-mail compare without case, if both sides use the same string type; otherwise octets count.
function equalPart(a: DnPart, b: DnPart): boolean {
  if (!equalBytes(a.oid, b.oid)) return false;
  if (equalBytes(a.value, b.value)) return true;
  if (a.tag !== b.tag || a.value.length !== b.value.length) return false;
  const caseless =
    a.tag === DerTag.PRINTABLE_STRING ||
    (a.tag === DerTag.IA5_STRING && equalBytes(a.oid, EMAIL_OID));
  return caseless && foldCase(a.value) === foldCase(b.value);
}
