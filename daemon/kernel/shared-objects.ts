import type { StateJournal } from '../contracts/journal.ts';

/** How objects of one kind are told apart, chosen between, and put into the kernel. */
export interface ObjectKind<T> {
  /** Equal for objects that take the same place in the kernel. */
  keyOf(wish: T): string;
  /** Which of the wishes for one place (at least one, oldest first) is in force. */
  choose(wishes: readonly T[]): T;
  /** Journal record by which a successor recognises the object; `key` is that of {@link ObjectKind.keyOf}. */
  recordOf(wish: T, key: string): string;
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
  readonly wish: T;
  /** Takes it back; at once, without a promise, if the kernel need not hear of it. */
  release(): Promise<void> | undefined;
  /** Exchanges it for another one for the same place, which takes its turn among the others; rejects if refused. */
  replace(wish: T): Promise<void>;
  /** {@link SharedObjects.acquire} of another wish for the same place; at once if that is in force already. */
  beside(wish: T): Held<T> | Promise<Held<T>>;
  /** Whether it is the one in force. */
  inForce(): boolean;
}

/** What a wish asks of the objects it is among. */
interface Desk<T> {
  acquire(key: string, wish: T): Held<T> | Promise<Held<T>>;
  release(key: string, own: Wish<T>): Promise<void> | undefined;
  replace(key: string, own: Wish<T>, wish: T): Promise<void>;
  inForce(key: string, own: Wish<T>): boolean;
}

// A class and not an object of closures: there are several for each CHILD_SA, for as long as it lives.
class Wish<T> implements Held<T> {
  wish: T;
  readonly #desk: Desk<T>;
  readonly #key: string;

  constructor(desk: Desk<T>, key: string, wish: T) {
    this.wish = wish;
    this.#desk = desk;
    this.#key = key;
  }

  release(): Promise<void> | undefined {
    return this.#desk.release(this.#key, this);
  }

  replace(wish: T): Promise<void> {
    return this.#desk.replace(this.#key, this, wish);
  }

  beside(wish: T): Held<T> | Promise<Held<T>> {
    return this.#desk.acquire(this.#key, wish);
  }

  inForce(): boolean {
    return this.#desk.inForce(this.#key, this);
  }
}

interface Place<T> {
  readonly key: string;
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
  readonly #desk: Desk<T> = {
    acquire: (key, wish) => this.#acquire(key, wish),
    release: (key, own) => this.#release(key, own),
    replace: (key, own, wish) => this.#replace(key, own, wish),
    inForce: (key, own) => this.#places.get(key)?.applied === own.wish,
  };

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
    return this.#acquire(this.#kind.keyOf(wish), wish);
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
    place.record = this.#kind.recordOf(there, key);
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
    place.record = this.#kind.recordOf(object, key);
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

  async #step(key: string, step: (place: Place<T>) => Promise<void>): Promise<void> {
    const place = this.#place(key);
    if (place.busy) await turnAt(place);
    place.busy = true;
    try {
      await step(place);
    } finally {
      this.#leave(place);
    }
  }

  #acquire(key: string, wish: T): Held<T> | Promise<Held<T>> {
    const own = new Wish(this.#desk, key, wish);
    const place = this.#place(key);
    if (place.busy) return this.#add(place, own);
    const wishes = place.wishes.concat(own);
    if (!this.#isServed(place, wishes)) return this.#add(place, own);
    place.wishes = wishes;
    return own;
  }

  async #add(place: Place<T>, own: Wish<T>): Promise<Held<T>> {
    if (place.busy) await turnAt(place);
    place.busy = true;
    place.wishes = place.wishes.concat(own);
    try {
      await this.#reconcile(place);
      return own;
    } catch (error) {
      place.wishes = place.wishes.filter((other) => other !== own);
      throw error;
    } finally {
      this.#leave(place);
    }
  }

  #release(key: string, own: Wish<T>): Promise<void> | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    if (place.busy) return this.#takeBack(place, own);
    const wishes = place.wishes.filter((other) => other !== own);
    if (!this.#isServed(place, wishes)) return this.#takeBack(place, own);
    place.wishes = wishes;
    this.#forgetIfEmpty(place);
    return undefined;
  }

  async #takeBack(place: Place<T>, own: Wish<T>): Promise<void> {
    if (place.busy) await turnAt(place);
    place.busy = true;
    place.wishes = place.wishes.filter((other) => other !== own);
    try {
      await this.#reconcile(place);
    } finally {
      this.#leave(place);
    }
  }

  async #replace(key: string, own: Wish<T>, wish: T): Promise<void> {
    const place = this.#place(key);
    if (place.busy) await turnAt(place);
    place.busy = true;
    const before = own.wish;
    own.wish = wish;
    try {
      await this.#reconcile(place);
    } catch (error) {
      own.wish = before;
      throw error;
    } finally {
      this.#leave(place);
    }
  }

  /** A step has ended: the next one may begin. A place without anything is forgotten with the last. */
  #leave(place: Place<T>): void {
    const next = place.queue?.shift();
    if (next !== undefined) {
      next();
      return;
    }
    place.busy = false;
    this.#forgetIfEmpty(place);
  }

  #forgetIfEmpty({ wishes, applied, key }: Place<T>): void {
    if (wishes.length === 0 && applied === undefined) this.#places.delete(key);
  }

  #place(key: string): Place<T> {
    return this.#places.get(key) ?? this.#newPlace(key);
  }

  #newPlace(key: string): Place<T> {
    const place: Place<T> = {
      key,
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

  /** Whether these wishes for a place need nothing of the kernel: most of a CHILD_SA that replaces another one do not. */
  #isServed({ found, applied }: Place<T>, wishes: readonly Wish<T>[]): boolean {
    if (found) return true;
    const wanted = this.#wanted(wishes);
    if (wanted === undefined || applied === undefined) return wanted === applied;
    return wanted === applied || this.#kind.same(applied, wanted);
  }

  #wanted(wishes: readonly Wish<T>[]): T | undefined {
    return wishes.length > 1 ? this.#kind.choose(wishes.map(wishOf)) : wishes[0]?.wish;
  }

  async #reconcile(place: Place<T>): Promise<void> {
    if (this.#isServed(place, place.wishes)) return;
    const wanted = this.#wanted(place.wishes);
    if (wanted !== undefined) await this.#fill(place, wanted);
    else if (place.applied !== undefined) await this.#empty(place, place.applied);
  }

  // What could not be dropped stays `applied`: the next wish replaces it and the journal still knows it.
  async #empty(place: Place<T>, applied: T): Promise<void> {
    const { record } = place;
    await this.#kind.drop(applied);
    place.applied = undefined;
    this.#journal.remove(record);
  }

  async #fill(place: Place<T>, wanted: T): Promise<void> {
    const { applied, record: before } = place;
    const record = this.#kind.recordOf(wanted, place.key);
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

function wishOf<T>({ wish }: Wish<T>): T {
  return wish;
}

/** Resolves when the steps that came to the place before are over. */
function turnAt<T>(place: Place<T>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  place.queue ??= [];
  place.queue.push(resolve);
  return promise;
}
