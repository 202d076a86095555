import type {
  IkeTag,
  LogGroup,
  Logger,
  LogHub,
  LogLevel,
  LogRecord,
  LogSink,
} from '../../daemon/contracts/logger.ts';

/** A log hub without ambient state that remembers what was said up to a level. */
export class MemoryLog implements LogHub {
  readonly records: LogRecord[] = [];
  readonly #levelOf: (group: LogGroup) => LogLevel;
  readonly #sinks = new Set<LogSink>();

  constructor(level: LogLevel | ((group: LogGroup) => LogLevel) = 1) {
    this.#levelOf = typeof level === 'function' ? level : () => level;
  }

  /** The messages so far. */
  get lines(): readonly string[] {
    return this.records.map((record) => record.message);
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    if (level <= this.#levelOf(group)) return true;
    for (const sink of this.#sinks) if (sink.levelOf(group) >= level) return true;
    return false;
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    this.#write({ group, level, message });
  }

  forIke(tag: IkeTag): Logger {
    const tagged: Logger = {
      enabled: (group, level) => this.enabled(group, level),
      log: (group, level, message) => this.#write({ group, level, message, ike: { ...tag } }),
      forIke: (other) => this.forIke(other),
    };
    return tagged;
  }

  addSink(sink: LogSink): () => void {
    this.#sinks.add(sink);
    return () => this.#sinks.delete(sink);
  }

  #write(record: LogRecord): void {
    if (record.level <= this.#levelOf(record.group)) this.records.push(record);
    for (const sink of this.#sinks) {
      if (sink.levelOf(record.group) >= record.level) sink.write(record);
    }
  }
}
