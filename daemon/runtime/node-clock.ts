import type { Clock, Timer } from '../contracts/clock.ts';
import { TimerWheel } from './timer-wheel.ts';

/** Milliseconds of lateness traded for cheap timers: nothing in IKE is timed finer. */
const SLOT_MILLIS = 8;

/** Longest sleep of the one native timer, milliseconds: setTimeout takes no more than 2^31 - 1. */
const LONGEST_SLEEP = 1_000_000_000;

/** Milliseconds of lateness after which this process must have been stopped, or kept from running. */
const STALL = 1000;
/** Turns of the event loop in which what came in meanwhile is read, before what is overdue happens. */
const READING_TURNS = 64;

/**
 * The clock of the machine. An IKE_SA holds several long timers and starts short ones with every request, so all
 * share one native timer: starting one here costs a third of a `setTimeout` and half its memory, and takes delays
 * beyond 24 days. Timers never keep the process alive by themselves.
 *
 * After a stall what waits in the sockets is read before anything that is overdue fires: the answer to a request may be there, and the
 * peer that seems silent have spoken.
 */
export class NodeClock implements Clock {
  readonly #wheel = new TimerWheel(SLOT_MILLIS);
  readonly #onError: (error: unknown) => void;
  #wakeAt = Number.POSITIVE_INFINITY;
  #native: NodeJS.Timeout | undefined;

  /** An action that throws is handed to `onError`; without one it becomes an uncaught exception. */
  constructor(onError: (error: unknown) => void = throwLater) {
    this.#onError = onError;
  }

  now(): number {
    return performance.now();
  }

  wallClock(): number {
    return Date.now();
  }

  after(delay: number, action: () => void): Timer {
    const earliest = performance.now() + Math.max(0, delay);
    const due = Math.ceil(earliest / SLOT_MILLIS) * SLOT_MILLIS;
    const timer = this.#wheel.start(due, action);
    if (due < this.#wakeAt) this.#sleepUntil(due);
    return timer;
  }

  #sleepUntil(due: number): void {
    clearTimeout(this.#native);
    this.#wakeAt = due;
    const sleep = Math.min(LONGEST_SLEEP, Math.max(1, Math.ceil(due - performance.now())));
    this.#native = setTimeout(() => this.#wake(), sleep + 1);
    this.#native.unref();
  }

  #wake(): void {
    const late = performance.now() - this.#wakeAt;
    // Until the end of the sweep no new timer needs to move the native one.
    this.#wakeAt = Number.NEGATIVE_INFINITY;
    if (late < STALL) this.#sweep();
    else this.#sweepAfter(READING_TURNS);
  }

  // Each turn reads the sockets before its immediates run.
  #sweepAfter(turns: number): void {
    if (turns === 0) this.#sweep();
    else setImmediate(() => this.#sweepAfter(turns - 1));
  }

  #sweep(): void {
    this.#wheel.advance(performance.now(), this.#onError);
    const next = this.#wheel.next();
    if (next === undefined) this.#wakeAt = Number.POSITIVE_INFINITY;
    else this.#sleepUntil(next);
  }
}

function throwLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
