import { ViciError } from './channel.ts';

/** Events that may wait for a loop that does not take them, before its stream ends with an error. */
export const MAX_WAITING = 100_000;
/** From so many on the daemon is asked to pause, and down to so few to go on. */
const HIGH = 256;
const LOW = 32;

/** Told when a queue becomes long and short again. */
export type FullnessHandler = (full: boolean) => void;

/** Items between their arrival and the loop that takes them; bounded. */
export class EventQueue<T> {
  #items: T[] = [];
  #taken = 0;
  #ended = false;
  #error: unknown;
  #full = false;
  #wakes: (() => void)[] = [];
  readonly #onFull: FullnessHandler;

  constructor(onFull: FullnessHandler = () => undefined) {
    this.#onFull = onFull;
  }

  get #waiting(): number {
    return this.#items.length - this.#taken;
  }

  /** Adds an item; after {@link end} it is dropped. */
  push(item: T): void {
    if (this.#ended) return;
    if (this.#waiting >= MAX_WAITING) {
      this.end(new ViciError(`more than ${MAX_WAITING} events wait to be read`, 'overflow'));
      return;
    }
    this.#items.push(item);
    if (this.#waiting >= HIGH) this.#setFull(true);
    this.#wakeAll();
  }

  /** Ends the loop when it has taken what is there, with an error if one is given. The first end counts. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#setFull(false);
    this.#wakeAll();
  }

  /** The next item; `undefined` at the end. Rejects with the error it ended with. */
  async take(): Promise<{ readonly item: T } | undefined> {
    for (;;) {
      if (this.#waiting > 0) return { item: this.#shift() };
      if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return undefined;
      }
      await new Promise<void>((resolve) => this.#wakes.push(resolve));
    }
  }

  // Taking from the front of an array costs as much as the array is long: taken items go in whole blocks.
  #shift(): T {
    const item = this.#items[this.#taken++] as T;
    if (this.#taken === this.#items.length || this.#taken >= HIGH) {
      this.#items = this.#items.slice(this.#taken);
      this.#taken = 0;
    }
    if (this.#waiting <= LOW) this.#setFull(false);
    return item;
  }

  #wakeAll(): void {
    for (const wake of this.#wakes.splice(0)) wake();
  }

  #setFull(full: boolean): void {
    if (this.#full === full) return;
    this.#full = full;
    this.#onFull(full);
  }
}

/** A loop over a queue; `leave` is called when it is left, and never more than once. */
export class QueueIterator<T> implements AsyncIterableIterator<T, undefined, undefined> {
  readonly #queue: EventQueue<T>;
  #leave: (() => void) | undefined;

  constructor(queue: EventQueue<T>, leave: () => void) {
    this.#queue = queue;
    this.#leave = leave;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    try {
      const next = this.#leave && (await this.#queue.take());
      if (next !== undefined) return { done: false, value: next.item };
    } catch (error) {
      this.#left();
      throw error;
    }
    return this.return();
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#left();
    return Promise.resolve({ done: true, value: undefined });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #left(): void {
    this.#leave?.();
    this.#leave = undefined;
  }
}
