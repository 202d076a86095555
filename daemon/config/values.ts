import { familyOf, type IpAddress, isUnspecified, parseIp } from '../proto/ip-address.ts';
import type { ActionFlags, AddressSpec, IfIdConfig, MarkConfig } from './connection-types.ts';
import { parseUint32 } from './durations-text.ts';

/** One entry of `local_addrs` or `remote_addrs`. Throws an `Error` that says what is allowed. */
export function parseAddressSpec(text: string): AddressSpec {
  if (text === '%any') return { kind: 'any', text };
  if (text === '%any4' || text === '0.0.0.0') return { kind: 'any', text, family: 4 };
  if (text === '%any6' || text === '::') return { kind: 'any', text, family: 6 };
  const host = parseIp(text);
  if (host !== undefined) {
    if (isUnspecified(host)) return { kind: 'any', text, family: familyOf(host) };
    return { kind: 'host', text, address: host };
  }
  return parseSubnet(text) ?? parseRange(text) ?? parseName(text);
}

function parseSubnet(text: string): AddressSpec | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const address = parseIp(match[1] ?? '');
  const prefix = Number(match[2]);
  if (address === undefined || prefix > (familyOf(address) === 4 ? 32 : 128)) return undefined;
  return { kind: 'subnet', text, address, prefix };
}

function parseRange(text: string): AddressSpec | undefined {
  const dash = text.indexOf('-');
  if (dash < 0) return undefined;
  const from = parseIp(text.slice(0, dash).trim());
  const to = parseIp(text.slice(dash + 1).trim());
  if (from === undefined || to === undefined || familyOf(from) !== familyOf(to)) return undefined;
  return { kind: 'range', text, from, to };
}

function parseName(text: string): AddressSpec {
  const labels = text.length > 253 ? [] : text.replace(/\.$/, '').split('.');
  const valid = labels.every((label) =>
    /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/.test(label),
  );
  // A name of digits only is a mistyped address.
  if (!valid || labels.length === 0 || /^[0-9.]+$/.test(text)) {
    throw new Error(`'${text}' is neither %any, an address, a subnet, a range nor a DNS name`);
  }
  return { kind: 'name', text };
}

/** An address without prefix or name, for `vips`. Throws an `Error` that says what is allowed. */
export function parseAddress(text: string): IpAddress {
  const address = parseIp(text);
  if (address === undefined) throw new Error(`'${text}' is no IPv4 or IPv6 address`);
  return address;
}

const ACTIONS: ReadonlyMap<string, ActionFlags> = new Map([
  ['none', { trap: false, start: false }],
  ['clear', { trap: false, start: false }],
  ['trap', { trap: true, start: false }],
  ['route', { trap: true, start: false }],
  ['start', { trap: false, start: true }],
  ['restart', { trap: false, start: true }],
]);

export const ACTION_WORDS = 'none, trap, start, trap|start';

/** `none`, `trap`, `start` or flags joined by `|`. */
export function parseActions(text: string): ActionFlags | undefined {
  let flags: ActionFlags = { trap: false, start: false };
  for (const word of text.toLowerCase().split('|')) {
    const action = ACTIONS.get(word.trim());
    if (action === undefined) return undefined;
    flags = { trap: flags.trap || action.trap, start: flags.start || action.start };
  }
  return flags;
}

export const MARK_WORDS = 'value[/mask], %unique[/mask], %unique-dir[/mask]';
export const SET_MARK_WORDS = 'value[/mask], %same[/mask]';

/** A mark to match; `0/0` is none. */
export function parseMark(text: string): MarkConfig | undefined {
  return mark(text, ['%unique', '%unique-dir']);
}

/** A mark to set. */
export function parseSetMark(text: string): MarkConfig | undefined {
  return mark(text, ['%same']);
}

function mark(text: string, words: readonly string[]): MarkConfig | undefined {
  const slash = text.indexOf('/');
  const head = (slash < 0 ? text : text.slice(0, slash)).trim().toLowerCase();
  const mask = slash < 0 ? 0xffffffff : parseUint32(text.slice(slash + 1));
  if (mask === undefined) return undefined;
  if (head.startsWith('%')) {
    if (!words.includes(head)) return undefined;
    if (head === '%unique') return { kind: 'unique', mask };
    return { kind: head === '%same' ? 'same' : 'unique-dir', mask };
  }
  const value = parseUint32(head);
  if (value === undefined) return undefined;
  if (value === 0 && mask === 0) return { kind: 'none' };
  return { kind: 'value', value: (value & mask) >>> 0, mask };
}

export const IF_ID_WORDS = 'a whole number of 32 bits, %unique, %unique-dir';

/** An XFRM interface ID; 0 is none. */
export function parseIfId(text: string): IfIdConfig | undefined {
  const word = text.toLowerCase();
  if (word === '%unique') return { kind: 'unique' };
  if (word === '%unique-dir') return { kind: 'unique-dir' };
  const value = parseUint32(text);
  return value === undefined ? undefined : { kind: 'value', value };
}

/** Up to six binary digits. */
export function parseDscp(text: string): number | undefined {
  return /^[01]{1,6}$/.test(text) ? Number.parseInt(text, 2) : undefined;
}

/** A UDP port. */
export function parsePort(text: string): number | undefined {
  const port = parseUint32(text);
  return port !== undefined && port <= 0xffff ? port : undefined;
}
