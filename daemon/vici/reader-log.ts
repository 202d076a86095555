import type { Clock } from '../contracts/clock.ts';
import type { IkeTag, LogGroup, Logger, LogLevel } from '../contracts/logger.ts';
import { Throttle } from '../util/throttle.ts';

/** Lines of level 0 and 1 about all readers together, per milliseconds. */
const LINES = 20;
const WINDOW = 10_000;

/**
 * The log for what clients of the socket for reading do wrong. They are not trusted with more than reading: whoever may fill the log
 * hides in it what others do, or has the journal drop it.
 */
export class ReaderLog implements Logger {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #throttle = new Throttle(LINES, WINDOW);

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    return this.#log.enabled(group, level);
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    if (level > 1) {
      this.#log.log(group, level, message);
      return;
    }
    const pass = this.#throttle.pass(this.#clock.now());
    if (pass === undefined) return;
    const more =
      pass.suppressed === 0 ? '' : ` (and ${pass.suppressed} lines about readers before)`;
    this.#log.log(group, level, `${message}${more}`);
  }

  forIke(tag: IkeTag): Logger {
    return this.#log.forIke(tag);
  }
}
