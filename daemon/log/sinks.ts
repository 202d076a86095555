import type { LogDatagrams, LogOutput } from '../contracts/log-output.ts';
import type { LogLevels } from '../contracts/log-targets.ts';
import type { LogGroup, LogLevel, LogRecord, LogSink } from '../contracts/logger.ts';

/** Makes whole lines of a record, each with its newline. */
export type LineFormat = (record: LogRecord) => string;

/** Makes the datagrams of a record. */
export type EntryFormat = (record: LogRecord) => readonly Uint8Array[];

/** The record that stands for lost ones. */
export function lostRecord(lost: number): LogRecord {
  return { group: 'lib', level: 0, message: `${lost} log lines were lost here` };
}

/** Writes lines to a file or stream. */
export class LineSink implements LogSink {
  readonly #output: LogOutput;
  readonly #levels: LogLevels;
  readonly #format: LineFormat;

  constructor(output: LogOutput, levels: LogLevels, format: LineFormat) {
    this.#output = output;
    this.#levels = levels;
    this.#format = format;
  }

  levelOf(group: LogGroup): LogLevel {
    return this.#levels[group];
  }

  write(record: LogRecord): void {
    this.#output.write(this.#format(record));
  }
}

/** Sends entries to a local service. */
export class EntrySink implements LogSink {
  readonly #output: LogDatagrams;
  readonly #levels: LogLevels;
  readonly #format: EntryFormat;

  constructor(output: LogDatagrams, levels: LogLevels, format: EntryFormat) {
    this.#output = output;
    this.#levels = levels;
    this.#format = format;
  }

  levelOf(group: LogGroup): LogLevel {
    return this.#levels[group];
  }

  write(record: LogRecord): void {
    for (const entry of this.#format(record)) this.#output.send(entry);
  }
}
