import type { Clock, Timer } from '../contracts/clock.ts';

/** What a killed predecessor left in force in the kernel. */
export interface LeftoverPolicies {
  present(): boolean;
  /** Removes what nothing of ours replaced; never rejects. */
  drop(): Promise<void>;
}

/** Milliseconds after the start in which a configuration should come. */
const UNTIL_LOADED = 120_000;
/** Milliseconds after the last connection was loaded: clients load one after the other, and none says that it is done. */
const QUIET = 5000;
/** Milliseconds after the start at which it ends in any case. */
const AT_MOST = 300_000;

/**
 * Keeps what a killed predecessor left in force until the configuration is loaded and what it starts has been set up or
 * has failed: until then nobody can tell what is still to be protected.
 */
export class LeftoverGrace {
  readonly #clock: Clock;
  readonly #left: LeftoverPolicies;
  #end: Timer | undefined;
  #until = 0;
  #starting = 0;
  #quiet = false;

  constructor(clock: Clock, left: LeftoverPolicies) {
    this.#clock = clock;
    this.#left = left;
  }

  /** The daemon starts: nothing is loaded yet. */
  begin(): void {
    if (!this.#left.present()) return;
    this.#until = this.#clock.now() + AT_MOST;
    this.#wait(UNTIL_LOADED);
  }

  /** A connection was loaded, or removed. */
  loaded(): void {
    if (this.#end !== undefined) this.#wait(QUIET);
  }

  /** Something is being set up that may replace what is left. */
  starting(done: Promise<unknown>): void {
    if (this.#end === undefined) return;
    this.#starting += 1;
    const settled = (): void => {
      this.#starting -= 1;
      if (this.#quiet) this.#finish();
    };
    done.then(settled, settled);
  }

  /** The daemon stops: it clears everything itself. */
  close(): void {
    this.#end?.cancel();
    this.#end = undefined;
  }

  #wait(delay: number): void {
    this.#end?.cancel();
    this.#quiet = false;
    this.#end = this.#clock.after(delay, () => {
      this.#quiet = true;
      this.#finish();
    });
  }

  #finish(): void {
    if (this.#end === undefined) return;
    const rest = this.#until - this.#clock.now();
    if (this.#starting > 0 && rest > 0) {
      this.#end.cancel();
      this.#end = this.#clock.after(rest, () => this.#finish());
      return;
    }
    this.close();
    void this.#left.drop();
  }
}
