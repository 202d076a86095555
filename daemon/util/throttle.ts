/** Lets through at most `burst` events per `window` milliseconds and counts the rest. */
export class Throttle {
  readonly #burst: number;
  readonly #window: number;
  #start = Number.NEGATIVE_INFINITY;
  #passed = 0;
  #suppressed = 0;

  constructor(burst: number, window: number) {
    this.#burst = burst;
    this.#window = window;
  }

  /** Whether this event may pass; `suppressed` says how many did not since the last one that did. */
  pass(now: number): { readonly suppressed: number } | undefined {
    if (now - this.#start >= this.#window) {
      this.#start = now;
      this.#passed = 0;
    }
    if (this.#passed >= this.#burst) {
      this.#suppressed++;
      return undefined;
    }
    this.#passed++;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return { suppressed };
  }
}
