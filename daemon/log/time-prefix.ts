import { strftime } from './strftime.ts';

/** Makes the time of a line; what changes once a second is formatted once a second. */
export class TimePrefix {
  readonly #format: string;
  readonly #precision: 'ms' | 'us' | undefined;
  #second = Number.NaN;
  #text = '';

  constructor(format: string, precision: 'ms' | 'us' | undefined) {
    this.#format = format;
    this.#precision = precision;
  }

  /** The time of milliseconds since the epoch; the clock has no finer grain, so microseconds end in zeros. */
  of(wallClock: number): string {
    const second = Math.floor(wallClock / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#text = strftime(this.#format, new Date(wallClock));
    }
    if (this.#precision === undefined) return this.#text;
    const fraction = String(Math.floor(wallClock - second * 1000)).padStart(3, '0');
    return `${this.#text}.${fraction}${this.#precision === 'us' ? '000' : ''}`;
  }
}
