import type { Timer } from '../contracts/clock.ts';

interface Slot {
  first: WheelTimer | undefined;
  last: WheelTimer | undefined;
}

/**
 * Timers gathered in slots of equal width, so that starting and cancelling one costs a few pointer writes, however
 * many there are. Time is any number that never falls; the owner asks for {@link next} and calls {@link advance}.
 * Timers of one slot fire in the order they were started.
 */
export class TimerWheel {
  readonly #width: number;
  readonly #slots = new Map<number, Slot>();
  /** Binary heap of slot numbers; may name slots that were emptied since. */
  readonly #order: number[] = [];

  /** `width` in the unit of time: no timer fires early, and none more than this late. */
  constructor(width: number) {
    this.#width = width;
  }

  /** Starts a timer that fires at `due` or within one width after it. */
  start(due: number, action: () => void): Timer {
    const number = Math.ceil(due / this.#width);
    let slot = this.#slots.get(number);
    if (slot === undefined) {
      slot = { first: undefined, last: undefined };
      this.#slots.set(number, slot);
      this.#push(number);
    }
    const timer = new WheelTimer(slot, action);
    timer.before = slot.last;
    if (slot.last === undefined) slot.first = timer;
    else slot.last.after = timer;
    slot.last = timer;
    return timer;
  }

  /** When {@link advance} is due next, `undefined` if nothing waits. */
  next(): number | undefined {
    this.#dropEmpty();
    const number = this.#order[0];
    return number === undefined ? undefined : number * this.#width;
  }

  /** Fires everything due at `now`; what is started meanwhile waits for the next call unless due in a past slot. */
  advance(now: number, onError: (error: unknown) => void): void {
    const current = Math.floor(now / this.#width);
    for (;;) {
      const number = this.#order[0];
      if (number === undefined || number > current) return;
      this.#pop();
      const slot = this.#slots.get(number);
      this.#slots.delete(number);
      for (let timer = slot?.first; timer !== undefined; timer = slot?.first) {
        timer.cancel();
        try {
          timer.action();
        } catch (error) {
          onError(error);
        }
      }
    }
  }

  #dropEmpty(): void {
    for (let number = this.#order[0]; number !== undefined; number = this.#order[0]) {
      if (this.#slots.get(number)?.first !== undefined) return;
      this.#slots.delete(number);
      this.#pop();
    }
  }

  #push(number: number): void {
    const heap = this.#order;
    let child = heap.length;
    heap.push(number);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= number) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = number;
  }

  #pop(): void {
    const heap = this.#order;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      if ((heap[child + 1] ?? Number.POSITIVE_INFINITY) < (heap[child] as number)) child += 1;
      const below = heap[child] as number;
      if (last <= below) break;
      heap[parent] = below;
      parent = child;
    }
    heap[parent] = last;
  }
}

class WheelTimer implements Timer {
  readonly action: () => void;
  before: WheelTimer | undefined;
  after: WheelTimer | undefined;
  #slot: Slot | undefined;

  constructor(slot: Slot, action: () => void) {
    this.#slot = slot;
    this.action = action;
  }

  cancel(): void {
    const slot = this.#slot;
    if (slot === undefined) return;
    this.#slot = undefined;
    if (this.before === undefined) slot.first = this.after;
    else this.before.after = this.after;
    if (this.after === undefined) slot.last = this.before;
    else this.after.before = this.before;
    this.before = undefined;
    this.after = undefined;
  }
}
