import type { StateJournal } from '../contracts/journal.ts';
import { type Awaitable, proceed } from '../util/awaitable.ts';

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
  put(wish: T, replaced: T | undefined): Awaitable<void>;
  drop(applied: T): Awaitable<void>;
  /** What to tell instead of the error with which `put` failed. */
  explain?(error: unknown, wish: T): unknown;
  /** Puts back what the kernel may have dropped by itself. */
  restore?(applied: T): Promise<void>;
}

/** A wish that was granted. */
export interface Held<T> {
  readonly wish: T;
  /** Takes it back; without a promise if there is nothing to wait for. */
  release(): Awaitable<void>;
  /** Exchanges it for another one for the same place, which takes its turn among the others; fails if refused. */
  replace(wish: T): Awaitable<void>;
  /** {@link SharedObjects.acquire} of another wish for the same place. */
  beside(wish: T): Awaitable<Held<T>>;
  /** Whether it is the one in force. */
  inForce(): boolean;
}

/** What a wish asks of the objects it is among. */
interface Desk<T> {
  acquire(key: string, wish: T): Awaitable<Held<T>>;
  release(key: string, own: Wish<T>): Awaitable<void>;
  replace(key: string, own: Wish<T>, wish: T): Awaitable<void>;
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

  release(): Awaitable<void> {
    return this.#desk.release(this.#key, this);
  }

  replace(wish: T): Awaitable<void> {
    return this.#desk.replace(this.#key, this, wish);
  }

  beside(wish: T): Awaitable<Held<T>> {
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

  /** Adds a wish; fails, having changed nothing, if the kernel refuses. At once if there is nothing to wait for. */
  acquire(wish: T): Awaitable<Held<T>> {
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
    await this.#all(keys, (place) => this.#reconcile(place, undefined));
  }

  /** Puts back whatever the kernel has dropped by itself; rejects with the first failure after trying all. */
  async restore(): Promise<void> {
    await this.#all([...this.#places.keys()], async (place) => {
      const { applied, found } = place;
      place.busy = true;
      try {
        if (applied !== undefined && !found) await this.#kind.restore?.(applied);
      } finally {
        this.#leave(place);
      }
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
      (place) => this.#reconcile(place, undefined),
    );
  }

  /** Empties every place, whoever still wants it; rejects with the first failure after trying all. */
  async clear(): Promise<void> {
    await this.#all([...this.#places.keys()], (place) => {
      place.wishes = [];
      return this.#reconcile(place, undefined);
    });
  }

  async #all(keys: readonly string[], step: (place: Place<T>) => Awaitable<void>): Promise<void> {
    const outcomes = await Promise.allSettled(
      keys.map(async (key) => {
        const place = this.#place(key);
        if (place.busy) await turnAt(place);
        await step(place);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  #acquire(key: string, wish: T): Awaitable<Held<T>> {
    const own = new Wish(this.#desk, key, wish);
    const place = this.#place(key);
    return place.busy ? turnAt(place).then(() => this.#add(place, own)) : this.#add(place, own);
  }

  #add(place: Place<T>, own: Wish<T>): Awaitable<Held<T>> {
    const before = place.wishes;
    place.wishes = before.concat(own);
    return this.#reconcile(place, own, () => {
      place.wishes = before;
    });
  }

  #release(key: string, own: Wish<T>): Awaitable<void> {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    return place.busy
      ? turnAt(place).then(() => this.#takeBack(place, own))
      : this.#takeBack(place, own);
  }

  #takeBack(place: Place<T>, own: Wish<T>): Awaitable<void> {
    place.wishes = place.wishes.filter((other) => other !== own);
    return this.#reconcile(place, undefined);
  }

  #replace(key: string, own: Wish<T>, wish: T): Awaitable<void> {
    const place = this.#place(key);
    return place.busy
      ? turnAt(place).then(() => this.#exchange(place, own, wish))
      : this.#exchange(place, own, wish);
  }

  #exchange(place: Place<T>, own: Wish<T>, wish: T): Awaitable<void> {
    const before = own.wish;
    own.wish = wish;
    return this.#reconcile(place, undefined, () => {
      own.wish = before;
    });
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

  /** Whether a place needs nothing of the kernel: most of a CHILD_SA that replaces another one do not. */
  #isServed({ found, applied }: Place<T>, wanted: T | undefined): boolean {
    if (found || wanted === applied) return true;
    return wanted !== undefined && applied !== undefined && this.#kind.same(applied, wanted);
  }

  #wanted({ wishes }: Place<T>): T | undefined {
    return wishes.length > 1 ? this.#kind.choose(wishes.map(wishOf)) : wishes[0]?.wish;
  }

  /**
   * The step of a place whose turn it is: puts there what its wishes choose, lets the next step begin, and returns `result`. If
   * the kernel refuses, `undo` takes back what was changed for it. What could not be dropped stays `applied`: the next wish
   * replaces it and the journal still knows it.
   */
  #reconcile<R>(place: Place<T>, result: R, undo?: () => void): Awaitable<R> {
    place.busy = true;
    const { applied } = place;
    const wanted = this.#wanted(place);
    if (this.#isServed(place, wanted)) {
      this.#leave(place);
      return result;
    }
    const before = applied === undefined ? '' : place.record;
    const record = wanted === undefined ? '' : this.#kind.recordOf(wanted, place.key);
    return proceed(
      () => {
        if (wanted === undefined) return applied && this.#kind.drop(applied);
        if (record !== before) this.#journal.add(record);
        return this.#kind.put(wanted, applied);
      },
      () => {
        place.applied = wanted;
        place.record = record;
        if (before !== '' && record !== before) this.#journal.remove(before);
        this.#leave(place);
        return result;
      },
      (error) => {
        if (record !== '' && record !== before) this.#journal.remove(record);
        undo?.();
        this.#leave(place);
        throw wanted === undefined ? error : (this.#kind.explain?.(error, wanted) ?? error);
      },
    );
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
