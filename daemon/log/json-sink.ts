import type { Logger as PinoLogger } from 'pino';
import type { LogOutput } from '../contracts/log-output.ts';
import type { LogLevels } from '../contracts/log-targets.ts';
import type { LogGroup, LogLevel, LogRecord, LogSink } from '../contracts/logger.ts';
import type { TimePrefix } from './time-prefix.ts';

/** The daemon works in one thread; charon's lines carry its number. */
const THREAD = 1;

let pino: typeof import('pino').pino | undefined;

/** Loads what a {@link JsonSink} writes with: 7 MB and a tenth of a start that no other log needs. */
export async function prepareJson(): Promise<void> {
  pino ??= (await import('pino')).pino;
}

/** One JSON object a line, with charon's field names; a number for the level, as charon writes it. */
export class JsonSink implements LogSink {
  readonly #pino: PinoLogger;
  readonly #levels: LogLevels;
  readonly #ikeName: boolean;
  readonly #time: TimePrefix | undefined;
  readonly #wallClock: () => number;

  constructor(
    output: LogOutput,
    levels: LogLevels,
    ikeName: boolean,
    time: TimePrefix | undefined,
    wallClock: () => number,
  ) {
    if (pino === undefined) throw new TypeError('a JSON log before prepareJson');
    // Levels are filtered before: pino writes whatever it is given.
    this.#pino = pino(
      {
        level: 'trace',
        base: null,
        timestamp: false,
        formatters: { level: () => ({ thread: THREAD }) },
      },
      output,
    );
    this.#levels = levels;
    this.#ikeName = ikeName;
    this.#time = time;
    this.#wallClock = wallClock;
  }

  levelOf(group: LogGroup): LogLevel {
    return this.#levels[group];
  }

  write(record: LogRecord): void {
    const { ike } = record;
    const fields = {
      ...(this.#time === undefined ? {} : { time: this.#time.of(this.#wallClock()) }),
      group: record.group.toUpperCase(),
      level: record.level,
      ...(this.#ikeName && ike !== undefined
        ? { 'ikesa-uniqueid': String(ike.uniqueId), 'ikesa-name': ike.name }
        : {}),
    };
    if (record.level <= 1) this.#pino.info(fields, record.message);
    else if (record.level === 2) this.#pino.debug(fields, record.message);
    else this.#pino.trace(fields, record.message);
  }
}
