import type { Clock, Timer } from '../../daemon/contracts/clock.ts';

interface Entry {
  readonly due: number;
  readonly sequence: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Wall clock of every simulation at its start: 2026-01-01T00:00:00Z. */
const EPOCH = Date.UTC(2026, 0, 1);

/** What arithmetic with fractions may add to a whole number of milliseconds. */
const ROUNDING = 1e-6;

/** Time that passes only by {@link step}: from one timer to the next, ordered by time and then by starting. Whole milliseconds. */
export class VirtualClock implements Clock {
  readonly #heap: Entry[] = [];
  #now = 0;
  #slept = 0;
  #sequence = 0;

  now(): number {
    return this.#now;
  }

  wallClock(): number {
    return EPOCH + this.#now + this.#slept;
  }

  /** The host sleeps: the time of day goes on, and nothing else. */
  sleep(millis: number): void {
    this.#slept += millis;
  }

  after(delay: number, action: () => void): Timer {
    const entry: Entry = {
      due: this.#now + Math.max(0, Math.ceil(delay - ROUNDING)),
      sequence: this.#sequence++,
      action,
      cancelled: false,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.cancelled = true;
      },
    };
  }

  /** Timers that wait. */
  get waiting(): number {
    return this.#heap.reduce((sum, entry) => sum + (entry.cancelled ? 0 : 1), 0);
  }

  /** When the next timer is due, `undefined` if none waits. */
  nextDue(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.due;
  }

  /** Jumps to the next timer and runs it; false if there is none. */
  step(): boolean {
    this.#dropCancelled();
    const entry = this.#pop();
    if (entry === undefined) return false;
    this.#now = entry.due;
    entry.action();
    return true;
  }

  /** Moves on without running anything; the next timer must not be passed. */
  skipTo(time: number): void {
    const due = this.nextDue();
    if (due !== undefined && due < time) throw new RangeError(`a timer is due at ${due}`);
    this.#now = Math.max(this.#now, time);
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled) this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let child = heap.length;
    heap.push(entry);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent] as Entry;
      if (!isBefore(entry, above)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = entry;
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    let parent = 0;
    for (;;) {
      let child = parent * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Entry)) child += 1;
      const below = heap[child] as Entry;
      if (!isBefore(below, last)) break;
      heap[parent] = below;
      parent = child;
    }
    heap[parent] = last;
    return first;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.due < b.due || (a.due === b.due && a.sequence < b.sequence);
}
