import { type AddressRange, rangesOverlap } from '../proto/address-range.ts';
import { ipBytes } from '../proto/ip-address.ts';
import { compareBytes } from '../util/bytes.ts';

interface Placed {
  readonly name: string;
  readonly range: AddressRange;
  readonly first: Uint8Array;
}

/**
 * Finds ranges that overlap, in time that does not grow with their number as long as few do: those that overlap none are
 * kept in order of their addresses, the others in a list.
 */
export class PoolRanges {
  /** Disjoint, so that neighbours are all there is to look at. */
  readonly #disjoint: Placed[] = [];
  readonly #others = new Map<string, Placed>();

  /** Adds a range; `name` must be new. The names of those that it overlaps. */
  add(name: string, range: AddressRange): readonly string[] {
    const placed = { name, range, first: orderOf(range) };
    const at = this.#place(placed.first);
    const neighbours: string[] = [];
    if (this.#overlaps(at - 1, range)) neighbours.push(this.#disjoint[at - 1]?.name ?? '');
    for (let i = at; this.#overlaps(i, range); i++) neighbours.push(this.#disjoint[i]?.name ?? '');
    const others = [...this.#others.values()].filter((other) => rangesOverlap(other.range, range));
    if (neighbours.length === 0) this.#disjoint.splice(at, 0, placed);
    else this.#others.set(name, placed);
    return [...neighbours, ...others.map((other) => other.name)];
  }

  /** Forgets a range that was added under that name. */
  remove(name: string, range: AddressRange): void {
    if (this.#others.delete(name)) return;
    const at = this.#place(orderOf(range));
    if (this.#disjoint[at]?.name === name) this.#disjoint.splice(at, 1);
  }

  #overlaps(index: number, range: AddressRange): boolean {
    const placed = this.#disjoint[index];
    return placed !== undefined && rangesOverlap(placed.range, range);
  }

  /** Index of the first one that begins there or later. */
  #place(first: Uint8Array): number {
    let [low, high] = [0, this.#disjoint.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = this.#disjoint[middle]?.first;
      if (other !== undefined && compareBytes(other, first) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

// IPv4 before IPv6, each by number.
function orderOf({ first, family }: AddressRange): Uint8Array {
  return Uint8Array.of(family, ...ipBytes(first));
}
