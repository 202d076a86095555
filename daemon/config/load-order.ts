/** Something with a place in the order of loading. */
export interface Sequenced {
  readonly sequence: number;
}

/** Things in the order of their numbers; most lists of most indexes hold one, which then is all they cost. */
export class LoadOrder<T extends Sequenced> {
  #only: T | undefined;
  #many: Places<T> | undefined;

  get size(): number {
    return this.#many?.size ?? (this.#only === undefined ? 0 : 1);
  }

  /** The one with the lowest number. */
  get first(): T | undefined {
    return this.#many === undefined ? this.#only : this.#many.first;
  }

  /** All of them, as they are now. */
  get items(): readonly T[] {
    return this.#many?.items ?? (this.#only === undefined ? [] : [this.#only]);
  }

  /** Adds one; its number must not be there. */
  add(item: T): void {
    if (this.#many === undefined && this.#only === undefined) {
      this.#only = item;
      return;
    }
    this.#many ??= new Places<T>();
    if (this.#only !== undefined) this.#many.add(this.#only);
    this.#only = undefined;
    this.#many.add(item);
  }

  /** Takes one away, if it is there. */
  remove(item: T): void {
    if (this.#only === item) this.#only = undefined;
    else this.#many?.remove(item);
  }
}

/**
 * Adding the newest, and taking one away and putting another in its place, takes O(log n): a place that is left stays empty
 * until there are many of them.
 */
class Places<T extends Sequenced> {
  #sequences: number[] = [];
  #items: (T | undefined)[] = [];
  #size = 0;
  /** Places before this one are empty. */
  #head = 0;
  #dense: readonly T[] | undefined;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    while (this.#head < this.#items.length && this.#items[this.#head] === undefined) this.#head++;
    return this.#items[this.#head];
  }

  get items(): readonly T[] {
    this.#dense ??= this.#items.filter((item) => item !== undefined);
    return this.#dense;
  }

  add(item: T): void {
    const { sequence } = item;
    const place = this.#place(sequence);
    if (this.#sequences[place] === sequence) this.#items[place] = item;
    else if (place === this.#items.length) {
      this.#sequences.push(sequence);
      this.#items.push(item);
    } else {
      this.#sequences.splice(place, 0, sequence);
      this.#items.splice(place, 0, item);
    }
    this.#size++;
    this.#head = Math.min(this.#head, place);
    this.#dense = undefined;
  }

  remove(item: T): void {
    const place = this.#place(item.sequence);
    if (this.#items[place] !== item) return;
    this.#items[place] = undefined;
    this.#size--;
    this.#dense = undefined;
    if (this.#size < this.#items.length >> 1) this.#close();
  }

  // More than half of the places are empty.
  #close(): void {
    this.#items = [...this.items];
    this.#sequences = this.#items.map((item) => item?.sequence ?? 0);
    this.#head = 0;
  }

  #place(sequence: number): number {
    let low = 0;
    let high = this.#sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sequences[middle] ?? 0) < sequence) low = middle + 1;
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
