import { concatBytes, utf8 } from '../util/bytes.ts';
import { ConfigError } from '../util/error.ts';
import { fromHex } from '../util/hex.ts';
import { DerTag, derElement } from './der.ts';
import { buildDn } from './distinguished-name.ts';
import type { Identity } from './identity.ts';
import { ConfiguredIdType as T } from './identity-types.ts';
import { ipBytes, parseIp } from './ip-address.ts';
import { posixRegExp } from './posix-regexp.ts';

export { printIdentity } from './identity-print.ts';

/** Where and how an identity may be written. */
export interface IdentityTextOptions {
  /** Whether `fqdn:^…$` is a regular expression here, as it is for remote identities and owners of secrets. */
  readonly allowRegex: boolean;
  /** Option key for error messages. */
  readonly path?: string;
}

/**
 * The identity of a configured text; its form decides the type, as swanctl.conf documents. Throws
 * {@link ConfigError} for text outside printable ASCII, bad hexadecimal and bad regular expressions.
 */
export function parseIdentity(text: string, options: IdentityTextOptions): Identity {
  const fail = (reason: string): never => {
    throw new ConfigError(options.path ?? 'id', `identity '${escapeText(text)}': ${reason}`);
  };
  if (!/^[\x20-\x7e]*$/.test(text)) fail('only printable ASCII characters are allowed');
  return (
    (options.allowRegex ? regularExpression(text, fail) : undefined) ??
    prefixed(text, fail) ??
    numbered(text, fail) ??
    guessed(text, fail)
  );
}

type Fail = (reason: string) => never;

const PREFIXES: ReadonlyMap<string, number> = new Map<string, number>([
  ['ipv4', T.ID_IPV4_ADDR],
  ['ipv6', T.ID_IPV6_ADDR],
  ['ipv4net', T.ID_IPV4_ADDR_SUBNET],
  ['ipv6net', T.ID_IPV6_ADDR_SUBNET],
  ['ipv4range', T.ID_IPV4_ADDR_RANGE],
  ['ipv6range', T.ID_IPV6_ADDR_RANGE],
  ['rfc822', T.ID_RFC822_ADDR],
  ['email', T.ID_RFC822_ADDR],
  ['userfqdn', T.ID_RFC822_ADDR],
  ['fqdn', T.ID_FQDN],
  ['dns', T.ID_FQDN],
  ['asn1dn', T.ID_DER_ASN1_DN],
  ['asn1gn', T.ID_DER_ASN1_GN],
  ['xmppaddr', T.ID_DER_ASN1_GN],
  ['keyid', T.ID_KEY_ID],
  ['uri', T.ID_URI],
]);

const REGEX_PREFIXES: ReadonlySet<string> = new Set([
  'rfc822',
  'email',
  'userfqdn',
  'fqdn',
  'dns',
  'asn1dn',
]);

function splitPrefix(text: string): readonly [prefix: string, rest: string] | undefined {
  const colon = text.indexOf(':');
  if (colon < 0) return undefined;
  const prefix = text.slice(0, colon).toLowerCase();
  return PREFIXES.has(prefix) ? [prefix, text.slice(colon + 1)] : undefined;
}

function regularExpression(text: string, fail: Fail): Identity | undefined {
  const [prefix = '', rest = ''] = splitPrefix(text) ?? [];
  if (!REGEX_PREFIXES.has(prefix) || !rest.startsWith('^') || !rest.endsWith('$')) return undefined;
  const type = PREFIXES.get(prefix) ?? T.ANY;
  let pattern: RegExp;
  try {
    pattern = posixRegExp(rest);
  } catch {
    return fail('the regular expression does not compile');
  }
  return { type, data: utf8(rest), pattern };
}

function prefixed(text: string, fail: Fail): Identity | undefined {
  const split = splitPrefix(text);
  if (split === undefined) return undefined;
  const [prefix, rest] = split;
  const data = verbatimOrHex(rest, fail);
  const type = PREFIXES.get(prefix) ?? T.ANY;
  return { type, data: prefix === 'xmppaddr' ? xmppGeneralName(data) : data };
}

function numbered(text: string, fail: Fail): Identity | undefined {
  const match = /^\{(\d{1,3}|0[xX][0-9a-fA-F]{1,2})\}:(.*)$/.exec(text);
  if (match === null) return undefined;
  const type = Number(match[1]);
  if (type > 255) fail('an ID type is a number up to 255');
  return { type, data: verbatimOrHex(match[2] ?? '', fail) };
}

function guessed(text: string, fail: Fail): Identity {
  if (text.includes('='))
    return identityOf(T.ID_DER_ASN1_DN, buildDn(text)) ?? { type: T.ID_KEY_ID, data: utf8(text) };
  if (!text.includes('@')) {
    if (ANY.has(text)) return { type: T.ANY, data: new Uint8Array(0) };
    const fallback = text.includes(':') ? T.ID_KEY_ID : T.ID_FQDN;
    return address(text) ?? { type: fallback, data: utf8(text) };
  }
  if (text.startsWith('@#'))
    return { type: T.ID_KEY_ID, data: fromHex(text.slice(2)) ?? fail(BAD_HEX) };
  if (text.startsWith('@@')) return { type: T.ID_RFC822_ADDR, data: utf8(text.slice(2)) };
  if (text.startsWith('@')) return { type: T.ID_FQDN, data: utf8(text.slice(1)) };
  return { type: T.ID_RFC822_ADDR, data: utf8(text) };
}

const ANY: ReadonlySet<string> = new Set(['', '%any', '%any6', '0.0.0.0', '*', '::', '0::0']);
const BAD_HEX = 'an even number of hexadecimal digits must follow the #';

function identityOf(type: number, data: Uint8Array | undefined): Identity | undefined {
  return data && { type, data };
}

/** An address, `address/prefix` or `address-address`. */
function address(text: string): Identity | undefined {
  const whole = parseIp(text);
  if (whole !== undefined) {
    const data = ipBytes(whole);
    return { type: data.length === 4 ? T.ID_IPV4_ADDR : T.ID_IPV6_ADDR, data };
  }
  const slash = text.indexOf('/');
  const base = slash < 0 ? undefined : parseIp(text.slice(0, slash));
  if (base !== undefined && /^\d{1,3}$/.test(text.slice(slash + 1))) {
    const data = ipBytes(base);
    const prefix = Number(text.slice(slash + 1));
    if (prefix > data.length * 8) return undefined;
    const type = data.length === 4 ? T.ID_IPV4_ADDR_SUBNET : T.ID_IPV6_ADDR_SUBNET;
    return { type, data: concatBytes(data, maskOf(prefix, data.length)) };
  }
  if (!text.includes('-')) return undefined;
  const [from, to, ...more] = text.split('-').map((part) => parseIp(part));
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  const data = concatBytes(ipBytes(from), ipBytes(to));
  if (data.length !== ipBytes(from).length * 2) return undefined;
  return { type: data.length === 8 ? T.ID_IPV4_ADDR_RANGE : T.ID_IPV6_ADDR_RANGE, data };
}

function maskOf(prefix: number, octets: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => {
    const bits = Math.min(8, Math.max(0, prefix - i * 8));
    return (0xff00 >> bits) & 0xff;
  });
}

function verbatimOrHex(text: string, fail: Fail): Uint8Array {
  return text.startsWith('#') ? (fromHex(text.slice(1)) ?? fail(BAD_HEX)) : utf8(text);
}

// otherName [0] { id-on-xmppAddr 1.3.6.1.5.5.7.8.5, [0] EXPLICIT UTF8String }: RFC 6120 section 13.7.1.4.
function xmppGeneralName(text: Uint8Array): Uint8Array {
  const oid = derElement(DerTag.OID, Uint8Array.of(0x2b, 6, 1, 5, 5, 7, 8, 5));
  return derElement(0xa0, oid, derElement(0xa0, derElement(DerTag.UTF8_STRING, text)));
}

function escapeText(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
}
