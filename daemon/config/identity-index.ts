import { foldCase } from '../proto/ascii-case.ts';
import { parseDn } from '../proto/distinguished-name.ts';
import type { Identity } from '../proto/identity.ts';
import { identityKey, isPattern } from '../proto/identity-match.ts';
import { ConfiguredIdType as T } from '../proto/identity-types.ts';
import { toHex } from '../util/hex.ts';
import { LoadOrder, type Sequenced } from './load-order.ts';

const STAR = 0x2a;

/** Places of those that cannot be told apart by a key. */
const ANYBODY = 'anybody';
const ANY_NAME = 'any name';
const SCANNED = 'scanned';

/**
 * Finds things by the identity they are for, patterns included, looking at few of the others: names by what follows their `*`,
 * distinguished names by the rarest of their attributes. Only regular expressions and ranges of addresses are not told apart.
 */
export class IdentityIndex<E extends Sequenced> {
  readonly #lists = new Map<string, LoadOrder<E>>();
  /** Of distinguished names, for which it depends on what was there before. */
  readonly #homes = new Map<E, string>();
  /** How many patterns of names there are by the length of what follows the `*`. */
  readonly #suffixes = new Map<number, number>();

  /** Adds something for an identity, or for all. */
  add(id: Identity | undefined, entry: E): void {
    const home = this.#homeOf(id);
    if (isDn(id)) this.#homes.set(entry, home);
    const list = this.#lists.get(home) ?? new LoadOrder<E>();
    this.#lists.set(home, list);
    list.add(entry);
    this.#countSuffix(id, 1);
  }

  /** Takes away what was added for the same identity. */
  remove(id: Identity | undefined, entry: E): void {
    const home = isDn(id) ? this.#homes.get(entry) : this.#homeOf(id);
    if (home === undefined) return;
    this.#homes.delete(entry);
    const list = this.#lists.get(home);
    list?.remove(entry);
    if (list?.size === 0) this.#lists.delete(home);
    this.#countSuffix(id, -1);
  }

  /** How many {@link find} gives. */
  count(id: Identity): number {
    return this.#near(id).reduce((sum, { size }) => sum + size, 0);
  }

  /** Whatever may be for this identity, in order of loading: all that is, and some that is not. */
  find(id: Identity): readonly E[] {
    const [first, ...others] = this.#near(id).map(({ items }) => items);
    if (first === undefined || others.length === 0) return first ?? [];
    return [first, ...others].flat().sort((a, b) => a.sequence - b.sequence);
  }

  #near(id: Identity): readonly LoadOrder<E>[] {
    const places = [ANYBODY, SCANNED, `= ${identityKey(id)}`];
    if (id.type === T.ID_DER_ASN1_DN) {
      places.push(ANY_NAME);
      const attributes = (parseDn(id.data) ?? []).map(attributePlace);
      places.push(...new Set(attributes));
    } else if (isName(id) && this.#suffixes.size > 0) {
      const text = foldCase(id.data);
      for (const length of this.#suffixes.keys())
        if (length <= text.length)
          places.push(suffixPlace(id.type, text.slice(text.length - length)));
    }
    return places.flatMap((place) => this.#lists.get(place) ?? []);
  }

  #homeOf(id: Identity | undefined): string {
    if (id === undefined) return ANYBODY;
    if (id.pattern !== undefined) return SCANNED;
    if (id.type === T.ANY) return ANYBODY;
    const suffix = suffixOf(id);
    if (suffix !== undefined) return suffixPlace(id.type, suffix);
    if (id.type === T.ID_DER_ASN1_DN) return this.#homeOfName(id);
    return isPattern(id) ? SCANNED : `= ${identityKey(id)}`;
  }

  // One of its attributes that is no wildcard: who fits has it too. The one with the fewest others, the last of equals.
  #homeOfName(id: Identity): string {
    const parts = parseDn(id.data);
    if (parts === undefined) return `= ${identityKey(id)}`;
    let [home, company] = [ANY_NAME, Number.POSITIVE_INFINITY];
    for (const part of parts) {
      if (part.value.length === 1 && part.value[0] === STAR) continue;
      const place = attributePlace(part);
      const others = this.#lists.get(place)?.size ?? 0;
      if (others <= company) [home, company] = [place, others];
    }
    return home;
  }

  #countSuffix(id: Identity | undefined, change: number): void {
    const length = suffixOf(id)?.length;
    if (length === undefined) return;
    const count = (this.#suffixes.get(length) ?? 0) + change;
    if (count === 0) this.#suffixes.delete(length);
    else this.#suffixes.set(length, count);
  }
}

function isDn(id: Identity | undefined): boolean {
  return id?.type === T.ID_DER_ASN1_DN && id.pattern === undefined;
}

function isName({ type }: Identity): boolean {
  return type === T.ID_FQDN || type === T.ID_RFC822_ADDR;
}

// What follows the `*` of a pattern of names.
function suffixOf(id: Identity | undefined): string | undefined {
  const pattern = id?.pattern === undefined && id?.data[0] === STAR && isName(id);
  return pattern ? foldCase(id.data.subarray(1)) : undefined;
}

function suffixPlace(type: number, suffix: string): string {
  return `* ${type} ${suffix}`;
}

// String types and case are left out: attributes that are equal have the same place.
function attributePlace({
  oid,
  value,
}: {
  readonly oid: Uint8Array;
  readonly value: Uint8Array;
}): string {
  return `dn ${toHex(oid)} ${foldCase(value)}`;
}
