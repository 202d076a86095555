import type { Clock } from '../contracts/clock.ts';
import type { Random } from '../contracts/random.ts';

/** Comebacks that do not wait although what was there before went as soon as it had come. */
const AT_ONCE = 3;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** Peers remembered: those that keep going. */
const MOST = 1000;

/**
 * Keeps us from setting up again without end and without a pause what a peer takes down as soon as it is up: a gateway that refuses us in
 * this way, or two clients with one identity that replace each other (`unique = replace`).
 */
export class Comebacks {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #stable: number;
  /** How often in a row. */
  readonly #quick = new Map<string, number>();

  /** What lived for `stable` milliseconds counts as something that worked. */
  constructor(clock: Clock, random: Random, stable: number) {
    this.#clock = clock;
    this.#random = random;
    this.#stable = stable;
  }

  /**
   * Milliseconds to wait before what began then (monotonic) is set up again; `peer` is any name for it. A random share of up to
   * a quarter is taken off, so that many do not come back at one moment.
   */
  pause(peer: string, since: number): number {
    const before = this.#quick.get(peer) ?? 0;
    this.#quick.delete(peer);
    if (this.#clock.now() - since >= this.#stable) return 0;
    const [oldest] = this.#quick.keys();
    if (oldest !== undefined && this.#quick.size >= MOST) this.#quick.delete(oldest);
    this.#quick.set(peer, before + 1);
    if (before < AT_ONCE) return 0;
    const full = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(before - AT_ONCE, 16));
    return full - Math.floor((full * this.#random.below(251)) / 1000);
  }
}
