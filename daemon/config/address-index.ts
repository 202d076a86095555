import { type IpAddress, ipBytes } from '../proto/ip-address.ts';
import { toHex } from '../util/hex.ts';
import type { AddressSpec } from './connection-types.ts';
import { coveringPrefixes, type Prefix } from './covering-prefixes.ts';
import type { KnownNames } from './known-names.ts';

/** Those of one family and length, by the octets of the network. */
interface PrefixTable<T> {
  readonly octets: number;
  readonly prefix: number;
  readonly byNetwork: Map<string, Set<T>>;
}

/**
 * Finds things by the addresses they are for, in a number of steps that does not grow with theirs: hosts and names are looked
 * up as they are, subnets and ranges once per length of a prefix that occurs.
 */
export class AddressIndex<T> {
  readonly #names: Pick<KnownNames, 'namesOf'>;
  readonly #byHost = new Map<IpAddress, Set<T>>();
  readonly #byName = new Map<string, Set<T>>();
  readonly #byPrefix = new Map<number, PrefixTable<T>>();
  readonly #any = new Set<T>();

  /** `names` tells what DNS names an address has when one is looked up. */
  constructor(names: Pick<KnownNames, 'namesOf'>) {
    this.#names = names;
  }

  add(specs: readonly AddressSpec[], item: T): void {
    for (const spec of specs) {
      switch (spec.kind) {
        case 'any':
          this.#any.add(item);
          break;
        case 'host':
          put(this.#byHost, spec.address, item);
          break;
        case 'name':
          put(this.#byName, spec.text, item);
          break;
        default:
          for (const prefix of prefixesOf(spec)) {
            put(this.#tableFor(prefix).byNetwork, networkKey(prefix.network, prefix.bits), item);
          }
      }
    }
  }

  /** Takes away what was added for the same addresses. */
  remove(specs: readonly AddressSpec[], item: T): void {
    for (const spec of specs) {
      switch (spec.kind) {
        case 'any':
          this.#any.delete(item);
          break;
        case 'host':
          take(this.#byHost, spec.address, item);
          break;
        case 'name':
          take(this.#byName, spec.text, item);
          break;
        default:
          for (const prefix of prefixesOf(spec)) {
            const table = this.#tableFor(prefix);
            take(table.byNetwork, networkKey(prefix.network, prefix.bits), item);
            if (table.byNetwork.size === 0) this.#byPrefix.delete(tableKey(prefix));
          }
      }
    }
  }

  /**
   * Whatever may be for this address: all that is, and perhaps what is for any address of the other family. It holds until something
   * is added or removed.
   */
  find(address: IpAddress): ReadonlySet<T> {
    let found: ReadonlySet<T> = this.#any;
    let joined: Set<T> | undefined;
    const addAll = (items: ReadonlySet<T> | undefined): void => {
      if (items === undefined) return;
      // Mostly all are in one place: nothing has to be joined.
      if (found.size === 0) {
        found = items;
        return;
      }
      joined ??= new Set(found);
      for (const item of items) joined.add(item);
      found = joined;
    };
    addAll(this.#byHost.get(address));
    for (const name of this.#names.namesOf(address)) addAll(this.#byName.get(name));
    if (this.#byPrefix.size === 0) return found;
    const bytes = ipBytes(address);
    for (const { octets, prefix, byNetwork } of this.#byPrefix.values()) {
      if (octets === bytes.length) addAll(byNetwork.get(networkKey(bytes, prefix)));
    }
    return found;
  }

  #tableFor(prefix: Prefix): PrefixTable<T> {
    const key = tableKey(prefix);
    const known = this.#byPrefix.get(key);
    if (known !== undefined) return known;
    const octets = prefix.network.length;
    const table = { octets, prefix: prefix.bits, byNetwork: new Map<string, Set<T>>() };
    this.#byPrefix.set(key, table);
    return table;
  }
}

function prefixesOf(
  spec: Extract<AddressSpec, { readonly kind: 'subnet' | 'range' }>,
): readonly Prefix[] {
  return spec.kind === 'subnet'
    ? [{ network: ipBytes(spec.address), bits: spec.prefix }]
    : coveringPrefixes(ipBytes(spec.from), ipBytes(spec.to));
}

function tableKey({ network, bits }: Prefix): number {
  return network.length * 256 + bits;
}

/** The first bits of an address. */
function networkKey(bytes: Uint8Array, bits: number): string {
  const whole = bits >> 3;
  const mask = (0xff00 >> (bits & 7)) & 0xff;
  const rest = mask === 0 ? '' : `/${(bytes[whole] ?? 0) & mask}`;
  return `${toHex(bytes.subarray(0, whole))}${rest}`;
}

function put<K, T>(map: Map<K, Set<T>>, key: K, item: T): void {
  const items = map.get(key);
  if (items === undefined) map.set(key, new Set([item]));
  else items.add(item);
}

function take<K, T>(map: Map<K, Set<T>>, key: K, item: T): void {
  const items = map.get(key);
  items?.delete(item);
  if (items?.size === 0) map.delete(key);
}
