import type { Clock } from '../../contracts/clock.ts';

/**
 * Times of this process as times of the wall clock, which a successor can read. The difference between the two clocks is
 * taken once, so that a time which does not change is written the same way again.
 */
export class TimeBase {
  readonly #offset: number;

  constructor(clock: Clock) {
    this.#offset = clock.wallClock() - clock.now();
  }

  /** Milliseconds of the wall clock. */
  wall(now: number): number {
    return now + this.#offset;
  }

  /** Monotonic milliseconds of this process; those of times before its start are negative. */
  now(wall: number): number {
    return wall - this.#offset;
  }
}
