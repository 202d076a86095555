import { compareBytes, equalBytes } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';
import { foldCase } from './ascii-case.ts';
import { dnKey, equalDn, matchDn, type RdnMatching } from './dn-match.ts';
import type { Identity } from './identity.ts';
import { printIdentity } from './identity-print.ts';
import { ConfiguredIdType as T } from './identity-types.ts';

export type { RdnMatching } from './dn-match.ts';

/** Score of a perfect match. */
export const PERFECT_MATCH = 20;

const SUFFIX = 19;
const CONTAINED = 19;
const LEAST = 2;
const ANY = 1;

// What a peer sends is bounded before an operator's expression backtracks over it.
const MAX_REGEX_SUBJECT = 1024;

/**
 * How well an identity fits a configured pattern: 0 not at all, 1 by `%any`, 2 to 19 by a wildcard, 20 exactly.
 * `id` may be anything a peer sent; nothing throws.
 */
export function matchIdentity(pattern: Identity, id: Identity, rdnMatching: RdnMatching): number {
  if (pattern.pattern !== undefined) return matchRegExp(pattern, id);
  switch (pattern.type) {
    case T.ANY:
      return ANY;
    case T.ID_FQDN:
    case T.ID_RFC822_ADDR:
      return id.type === pattern.type ? matchName(pattern.data, id.data) : 0;
    case T.ID_DER_ASN1_DN:
      return id.type === pattern.type ? matchDn(pattern.data, id.data, rdnMatching) : 0;
    case T.ID_IPV4_ADDR_SUBNET:
    case T.ID_IPV6_ADDR_SUBNET:
    case T.ID_IPV4_ADDR_RANGE:
    case T.ID_IPV6_ADDR_RANGE:
      return sameOctets(pattern, id) ? PERFECT_MATCH : matchAddress(pattern, id);
    default:
      return sameOctets(pattern, id) ? PERFECT_MATCH : 0;
  }
}

/** Whether two identities are the same one: names without case, distinguished names by their attributes. */
export function equalIdentity(a: Identity, b: Identity): boolean {
  if (a.type !== b.type || (a.pattern === undefined) !== (b.pattern === undefined)) return false;
  if (equalBytes(a.data, b.data)) return true;
  if (a.pattern !== undefined) return false;
  if (a.type === T.ID_FQDN || a.type === T.ID_RFC822_ADDR)
    return a.data.length === b.data.length && foldCase(a.data) === foldCase(b.data);
  return a.type === T.ID_DER_ASN1_DN && equalDn(a.data, b.data);
}

/**
 * A key for Maps: equal identities have equal keys. The reverse holds too, except for distinguished names that
 * differ only in case or string type: where that matters confirm with {@link equalIdentity}.
 */
export function identityKey(id: Identity): string {
  if (id.pattern !== undefined) return `re:${id.type}:${id.pattern.source}`;
  switch (id.type) {
    case T.ID_FQDN:
    case T.ID_RFC822_ADDR:
      return `${id.type}:${foldCase(id.data)}`;
    case T.ID_DER_ASN1_DN:
      return `${id.type}:${dnKey(id.data)}`;
    default:
      return `${id.type}:${toHex(id.data)}`;
  }
}

/** Whether the identity stands for more than one: only those that do not can be looked up by their key. */
export function isPattern(id: Identity): boolean {
  if (id.pattern !== undefined) return true;
  switch (id.type) {
    case T.ANY:
    case T.ID_IPV4_ADDR_SUBNET:
    case T.ID_IPV6_ADDR_SUBNET:
    case T.ID_IPV4_ADDR_RANGE:
    case T.ID_IPV6_ADDR_RANGE:
      return true;
    case T.ID_FQDN:
    case T.ID_RFC822_ADDR:
      return id.data[0] === STAR;
    // Which RDNs count depends on the matching mode, so every name is compared.
    case T.ID_DER_ASN1_DN:
      return true;
    default:
      return false;
  }
}

const STAR = 0x2a;

function sameOctets(a: Identity, b: Identity): boolean {
  return a.type === b.type && equalBytes(a.data, b.data);
}

function matchRegExp({ type, pattern }: Identity, id: Identity): number {
  if (id.type !== type || id.data.length > MAX_REGEX_SUBJECT || id.data.includes(0)) return 0;
  const subject = printIdentity(id);
  return subject.length <= MAX_REGEX_SUBJECT && pattern?.test(subject) === true ? LEAST : 0;
}

// An embedded NUL never matches: C programs that share the identity would see another name.
function matchName(pattern: Uint8Array, name: Uint8Array): number {
  if (pattern.length === 1 && pattern[0] === STAR) return ANY;
  if (name.includes(0) || pattern.includes(0)) return 0;
  if (equalBytes(pattern, name)) return PERFECT_MATCH;
  const wanted = foldCase(pattern);
  const text = foldCase(name);
  if (wanted === text) return PERFECT_MATCH;
  return wanted.startsWith('*') && text.endsWith(wanted.slice(1)) ? SUFFIX : 0;
}

function matchAddress({ type, data }: Identity, id: Identity): number {
  const ipv4 = type === T.ID_IPV4_ADDR_SUBNET || type === T.ID_IPV4_ADDR_RANGE;
  const octets = ipv4 ? 4 : 16;
  if (id.type !== (ipv4 ? T.ID_IPV4_ADDR : T.ID_IPV6_ADDR)) return 0;
  if (id.data.length !== octets || data.length !== 2 * octets) return 0;
  const first = data.subarray(0, octets);
  const second = data.subarray(octets);
  if (type === T.ID_IPV4_ADDR_SUBNET || type === T.ID_IPV6_ADDR_SUBNET) {
    const inside = second.every(
      (mask, i) => ((first[i] ?? 0) & mask) === ((id.data[i] ?? 0) & mask),
    );
    return inside ? (second.every((mask) => mask === 0) ? LEAST : CONTAINED) : 0;
  }
  if (compareBytes(first, id.data) > 0 || compareBytes(id.data, second) > 0) return 0;
  const everything = first.every((octet) => octet === 0) && second.every((octet) => octet === 0xff);
  return everything ? LEAST : CONTAINED;
}
