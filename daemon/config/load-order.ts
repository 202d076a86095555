/** Something with a place in the order of loading. */
export interface Sequenced {
  readonly sequence: number;
}

/** A list kept in the order of loading, whatever the order of insertion. */
export class LoadOrder<T extends Sequenced> {
  readonly #items: T[] = [];

  get items(): readonly T[] {
    return this.#items;
  }

  add(item: T): void {
    this.#items.splice(this.#place(item.sequence), 0, item);
  }

  remove(item: T): void {
    const place = this.#place(item.sequence);
    if (this.#items[place] === item) this.#items.splice(place, 1);
  }

  #place(sequence: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.sequence ?? 0) < sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Two lists in the order of loading, joined into one. */
export function mergeOrdered<T extends Sequenced>(a: readonly T[], b: readonly T[]): readonly T[] {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  const merged: T[] = [];
  let i = 0;
  let k = 0;
  for (;;) {
    const [x, y] = [a[i], b[k]];
    if (x === undefined || y === undefined) break;
    if (x.sequence < y.sequence) {
      merged.push(x);
      i++;
    } else {
      merged.push(y);
      k++;
    }
  }
  return [...merged, ...a.slice(i), ...b.slice(k)];
}
