/** Something scheduled that can be called off. */
export interface Timer {
  cancel(): void;
}

/** Time. `now` never jumps; `wallClock` is the time of day and may. */
export interface Clock {
  /** Monotonic milliseconds since an arbitrary start. */
  now(): number;
  /** Milliseconds since the Unix epoch. */
  wallClock(): number;
  /**
   * Runs `action` once, not before `delay` milliseconds have passed; never synchronously. If the process could not run when it
   * was due, what came in meanwhile is handled first.
   */
  after(delay: number, action: () => void): Timer;
}
