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
  /** Runs `action` once, not before `delay` milliseconds have passed; never synchronously. */
  after(delay: number, action: () => void): Timer;
}
