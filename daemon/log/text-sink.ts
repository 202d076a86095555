import type { LogOutput } from '../contracts/log-output.ts';
import type { LogLevels } from '../contracts/log-targets.ts';
import type { LogGroup, LogLevel, LogRecord, LogSink } from '../contracts/logger.ts';
import { priorityOf } from './groups.ts';
import { formatLines, type LineStyle } from './line-format.ts';
import type { TimePrefix } from './time-prefix.ts';

/** Lines as charon writes them, for people and for scripts that know them. */
export class TextSink implements LogSink {
  readonly #output: LogOutput;
  readonly #levels: LogLevels;
  readonly #style: LineStyle;
  readonly #time: TimePrefix | undefined;
  readonly #wallClock: () => number;

  constructor(
    output: LogOutput,
    levels: LogLevels,
    style: LineStyle,
    time: TimePrefix | undefined,
    wallClock: () => number,
  ) {
    this.#output = output;
    this.#levels = levels;
    this.#style = style;
    this.#time = time;
    this.#wallClock = wallClock;
  }

  levelOf(group: LogGroup): LogLevel {
    return this.#levels[group];
  }

  write(record: LogRecord): void {
    const prefix = this.#time === undefined ? '' : `${this.#time.of(this.#wallClock())} `;
    this.#output.write(formatLines(record, this.#style, prefix));
  }
}

/** Lines for the systemd journal: the priority in angle brackets, as sd-daemon(3) describes. */
export class JournalSink implements LogSink {
  readonly #output: LogOutput;
  readonly #levels: LogLevels;

  constructor(output: LogOutput, levels: LogLevels) {
    this.#output = output;
    this.#levels = levels;
  }

  levelOf(group: LogGroup): LogLevel {
    return this.#levels[group];
  }

  write(record: LogRecord): void {
    const style = { ikeName: true, logLevel: false };
    this.#output.write(formatLines(record, style, `<${priorityOf(record.level)}>`));
  }
}
