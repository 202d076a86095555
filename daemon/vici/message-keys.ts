import type { Brand } from '../util/brand.ts';
import { ElementType, MAX_NAME } from './element.ts';

/** Type and name of an element as they stand on the wire, made once for each key of the protocol. */
export type MessageKey = Brand<Uint8Array, 'MessageKey'>;

type Keys<Name extends string> = { readonly [name in Name]: MessageKey };

/** The key of a value. */
export function valueKey(name: string): MessageKey {
  return nameOctets(ElementType.KEY_VALUE, name);
}

/** The keys of values, by their names. */
export function valueKeys<const Name extends string>(...names: readonly Name[]): Keys<Name> {
  return keysOf(ElementType.KEY_VALUE, names);
}

/** The keys of lists, by their names. */
export function listKeys<const Name extends string>(...names: readonly Name[]): Keys<Name> {
  return keysOf(ElementType.LIST_START, names);
}

/** The keys of sections, by their names. */
export function sectionKeys<const Name extends string>(...names: readonly Name[]): Keys<Name> {
  return keysOf(ElementType.SECTION_START, names);
}

function keysOf<Name extends string>(type: number, names: readonly Name[]): Keys<Name> {
  const keys = names.map((name) => [name, nameOctets(type, name)]);
  return Object.fromEntries(keys) as Keys<Name>;
}

/**
 * The octets by which an element begins that has a name: characters outside printable ASCII become `?`, and what is longer than the
 * format can carry is cut.
 */
export function nameOctets(type: number, name: string): MessageKey {
  const length = Math.min(name.length, MAX_NAME);
  const octets = new Uint8Array(2 + length);
  octets[0] = type;
  octets[1] = length;
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    octets[2 + i] = code >= 0x20 && code <= 0x7e ? code : 0x3f;
  }
  return octets as MessageKey;
}
