import type { Clock } from '../../contracts/clock.ts';

/** A moment of the monotonic clock up to which somebody waits. */
export class Deadline {
  readonly #clock: Clock;
  readonly #at: number;

  constructor(clock: Clock, at: number) {
    this.#clock = clock;
    this.#at = at;
  }

  /** Milliseconds from now; 0 once it has passed. */
  get left(): number {
    return Math.max(0, this.#at - this.#clock.now());
  }

  /**
   * The moment up to which one of `tries` attempts may take that follow each other, so that the first cannot use up the time
   * of the others.
   */
  share(tries: number): Deadline {
    return new Deadline(this.#clock, this.#clock.now() + this.left / Math.max(1, tries));
  }

  /** What a promise resolves to, or `undefined` once the time is up. */
  wait<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(this.left, () => resolve(undefined));
      promise.then(
        (value) => {
          timer.cancel();
          resolve(value);
        },
        (error: unknown) => {
          timer.cancel();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}
