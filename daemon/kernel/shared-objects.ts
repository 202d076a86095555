import type { StateJournal } from '../contracts/journal.ts';

/** How objects of one kind are told apart, chosen between, and put into the kernel. */
export interface ObjectKind<T> {
  /** Equal for objects that take the same place in the kernel. */
  keyOf(wish: T): string;
  /** Which of the wishes for one place (at least one, oldest first) is in force. */
  choose(wishes: readonly T[]): T;
  /** Journal record by which a successor recognises the object. */
  recordOf(wish: T): string;
  /** Whether the kernel would see no difference. */
  same(a: T, b: T): boolean;
  /** Puts the object into its place; `replaced` is ours and there now. */
  put(wish: T, replaced: T | undefined): Promise<void>;
  drop(applied: T): Promise<void>;
  /** Puts back what the kernel may have dropped by itself. */
  restore?(applied: T): Promise<void>;
}

/** A wish that was granted. */
export interface Held<T> {
  /** Takes it back. */
  release(): Promise<void>;
  /** Exchanges it for another one for the same place, which takes its turn among the others; rejects if refused. */
  replace(wish: T): Promise<void>;
  /** Whether it is the one in force. */
  inForce(): boolean;
}

interface Wish<T> {
  wish: T;
}

interface Place<T> {
  /** Oldest first. */
  wishes: readonly Wish<T>[];
  applied: T | undefined;
  /** Journal record of `applied`. */
  record: string;
  /** `applied` is what a predecessor left, and the wishes are not complete. */
  found: boolean;
  /** A step is running; others wait in `queue` and run one after the other. */
  busy: boolean;
  queue: (() => void)[] | undefined;
}

/**
 * Objects of the kernel that several CHILD_SAs may want: each place holds what the wishes for it choose, and is
 * emptied with the last of them. A replacement is one operation, so there is no moment without either.
 */
export class SharedObjects<T extends object> {
  readonly #kind: ObjectKind<T>;
  readonly #journal: StateJournal;
  readonly #places = new Map<string, Place<T>>();

  constructor(kind: ObjectKind<T>, journal: StateJournal) {
    this.#kind = kind;
    this.#journal = journal;
  }

  /** Places that hold something or are about to. */
  get size(): number {
    return this.#places.size;
  }

  /** Adds a wish; rejects, having changed nothing, if the kernel refuses. */
  async acquire(wish: T): Promise<Held<T>> {
    const key = this.#kind.keyOf(wish);
    const own: Wish<T> = { wish };
    await this.#step(key, async (place) => {
      place.wishes = place.wishes.concat(own);
      try {
        await this.#reconcile(place);
      } catch (error) {
        place.wishes = place.wishes.filter((other) => other !== own);
        throw error;
      }
    });
    return {
      release: () => this.#release(key, own),
      replace: (other) => this.#replace(key, own, other),
      inForce: () => this.#places.get(key)?.applied === own.wish,
    };
  }

  /**
   * What a predecessor put into a place and is still there. Wishes for the place change nothing until {@link settle}, so that
   * no wish is served before all of them are known.
   */
  found(there: T): void {
    const key = this.#kind.keyOf(there);
    if (this.#places.has(key)) return;
    const place = this.#newPlace(key);
    place.applied = there;
    place.found = true;
    place.record = this.#kind.recordOf(there);
    this.#journal.add(place.record);
  }

  /** Journal records of what is in force and wanted. */
  records(): ReadonlySet<string> {
    const records = new Set<string>();
    for (const place of this.#places.values()) {
      if (place.wishes.length > 0 && place.applied !== undefined) records.add(place.record);
    }
    return records;
  }

  /** Serves the wishes for places where something was found; what nobody wants is left where it is, and is ours no more. */
  async settle(): Promise<void> {
    const keys: string[] = [];
    for (const [key, place] of this.#places) {
      if (!place.found) continue;
      place.found = false;
      if (place.wishes.length > 0) keys.push(key);
      else this.#places.delete(key);
    }
    await this.#all(keys, (place) => this.#reconcile(place));
  }

  /** Puts back whatever the kernel has dropped by itself; rejects with the first failure after trying all. */
  async restore(): Promise<void> {
    await this.#all([...this.#places.keys()], async ({ applied, found }) => {
      if (applied !== undefined && !found) await this.#kind.restore?.(applied);
    });
  }

  /** Takes over an object that is in the kernel and in the journal already, and that nobody wants yet. */
  adopt(object: T): void {
    const key = this.#kind.keyOf(object);
    if (this.#places.has(key)) return;
    const place = this.#newPlace(key);
    place.applied = object;
    place.record = this.#kind.recordOf(object);
  }

  /** Empties the places of adopted objects (all that `which` takes) that nobody wanted since; failures reject last. */
  async dropUnwanted(which: (object: T) => boolean): Promise<void> {
    const unwanted = [...this.#places].filter(
      ([, { wishes, applied }]) => wishes.length === 0 && applied !== undefined && which(applied),
    );
    await this.#all(
      unwanted.map(([key]) => key),
      (place) => this.#reconcile(place),
    );
  }

  /** Empties every place, whoever still wants it; rejects with the first failure after trying all. */
  async clear(): Promise<void> {
    await this.#all([...this.#places.keys()], (place) => {
      place.wishes = [];
      return this.#reconcile(place);
    });
  }

  async #all(keys: readonly string[], step: (place: Place<T>) => Promise<void>): Promise<void> {
    const outcomes = await Promise.allSettled(keys.map((key) => this.#step(key, step)));
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #release(key: string, own: Wish<T>): Promise<void> {
    if (!this.#places.has(key)) return Promise.resolve();
    return this.#step(key, (place) => {
      place.wishes = place.wishes.filter((other) => other !== own);
      return this.#reconcile(place);
    });
  }

  #replace(key: string, own: Wish<T>, wish: T): Promise<void> {
    return this.#step(key, async (place) => {
      const before = own.wish;
      own.wish = wish;
      try {
        await this.#reconcile(place);
      } catch (error) {
        own.wish = before;
        throw error;
      }
    });
  }

  async #step(key: string, step: (place: Place<T>) => Promise<void>): Promise<void> {
    const place = this.#places.get(key) ?? this.#newPlace(key);
    if (place.busy) {
      const { promise, resolve } = Promise.withResolvers<void>();
      place.queue ??= [];
      place.queue.push(resolve);
      await promise;
    }
    place.busy = true;
    try {
      await step(place);
    } finally {
      const next = place.queue?.shift();
      if (next !== undefined) next();
      else {
        place.busy = false;
        if (place.wishes.length === 0 && place.applied === undefined) this.#places.delete(key);
      }
    }
  }

  #newPlace(key: string): Place<T> {
    const place: Place<T> = {
      wishes: [],
      applied: undefined,
      record: '',
      found: false,
      busy: false,
      queue: undefined,
    };
    this.#places.set(key, place);
    return place;
  }

  // What could not be dropped stays `applied`: the next wish replaces it and the journal still knows it.
  async #reconcile(place: Place<T>): Promise<void> {
    if (place.found) return;
    const { applied, record: before } = place;
    const wishes = place.wishes.map(({ wish }) => wish);
    const wanted = wishes.length === 0 ? undefined : this.#kind.choose(wishes);
    if (wanted === undefined) {
      if (applied === undefined) return;
      await this.#kind.drop(applied);
      place.applied = undefined;
      this.#journal.remove(before);
      return;
    }
    if (applied !== undefined && (applied === wanted || this.#kind.same(applied, wanted))) return;
    const record = this.#kind.recordOf(wanted);
    const alreadyTold = applied !== undefined && record === before;
    if (!alreadyTold) this.#journal.add(record);
    try {
      await this.#kind.put(wanted, applied);
    } catch (error) {
      if (!alreadyTold) this.#journal.remove(record);
      throw error;
    }
    place.applied = wanted;
    place.record = record;
    if (applied !== undefined && !alreadyTold) this.#journal.remove(before);
  }
}
