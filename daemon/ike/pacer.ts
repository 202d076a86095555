import type { Clock } from '../contracts/clock.ts';

/**
 * Spreads jobs that come in a storm: `burst` at once, the others in order at `perSecond`. A job is taken back by whoever
 * finds, when its turn comes, that it is not needed any more.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #waiting: (() => void)[] = [];
  #next = 0;
  #tokens: number;
  #filledAt: number;
  #armed = false;

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = clock.now();
  }

  /** Jobs that wait for their turn. */
  get waiting(): number {
    return this.#waiting.length - this.#next;
  }

  /** Runs the job now or, in a storm, later. */
  run(job: () => void): void {
    this.#fill();
    if (this.waiting === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      job();
      return;
    }
    this.#waiting.push(job);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#clock.after(1000 / this.#perSecond, () => {
      this.#armed = false;
      this.#fill();
      while (this.waiting > 0 && this.#tokens >= 1) {
        this.#tokens -= 1;
        this.#take()();
      }
      if (this.waiting > 0) this.#arm();
    });
  }

  // Shifting a long array for each job would cost its length each time.
  #take(): () => void {
    const job = this.#waiting[this.#next++];
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0;
      this.#next = 0;
    }
    return job ?? NOTHING;
  }

  #fill(): void {
    const now = this.#clock.now();
    const gained = ((now - this.#filledAt) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#burst, this.#tokens + gained);
    this.#filledAt = now;
  }
}

const NOTHING = (): void => {};
