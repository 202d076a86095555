import type { Clock } from '../contracts/clock.ts';

/** Milliseconds after which an IKE_SA counts as one that worked. */
const STABLE = 60_000;
/** Comebacks that do not wait although the IKE_SA before went as soon as it had come. */
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
  /** How often in a row. */
  readonly #quick = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds to wait before what began then (monotonic) is set up again; `peer` is any name for it. */
  pause(peer: string, since: number): number {
    const before = this.#quick.get(peer) ?? 0;
    this.#quick.delete(peer);
    if (this.#clock.now() - since >= STABLE) return 0;
    const [oldest] = this.#quick.keys();
    if (oldest !== undefined && this.#quick.size >= MOST) this.#quick.delete(oldest);
    this.#quick.set(peer, before + 1);
    if (before < AT_ONCE) return 0;
    return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(before - AT_ONCE, 16));
  }
}
