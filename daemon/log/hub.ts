import { LOG_GROUPS } from '../contracts/log-targets.ts';
import type {
  IkeTag,
  LogGroup,
  Logger,
  LogHub,
  LogLevel,
  LogRecord,
  LogSink,
} from '../contracts/logger.ts';

/** A sink that logs by itself, and whose line comes back to it, ends here. */
const MAX_NESTING = 4;

/**
 * The root logger: hands each record to the sinks that want it. A record nobody wants costs one comparison. A sink that
 * throws loses the record and nothing else.
 */
export class Hub implements LogHub {
  readonly #sinks = new Set<LogSink>();
  /** Highest level any sink wants, by group. */
  #highest: Readonly<Record<LogGroup, number>> = allSilent();
  #nesting = 0;
  #failures = 0;

  /** One for all tagged loggers, of which there are as many as IKE_SAs. */
  readonly #pass = (record: LogRecord): void => this.#write(record);

  /** Records lost because a sink threw. */
  get failures(): number {
    return this.#failures;
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    return level <= this.#highest[group];
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    if (level <= this.#highest[group]) this.#write({ group, level, message });
  }

  forIke(tag: IkeTag): Logger {
    return new IkeLogger(this, tag, this.#pass);
  }

  addSink(sink: LogSink): () => void {
    this.#sinks.add(sink);
    this.refresh();
    return () => {
      this.#sinks.delete(sink);
      this.refresh();
    };
  }

  /** Asks the sinks again what they want. */
  refresh(): void {
    const highest = allSilent();
    for (const sink of this.#sinks) {
      for (const group of LOG_GROUPS)
        highest[group] = Math.max(highest[group], sink.levelOf(group));
    }
    this.#highest = highest;
  }

  #write(record: LogRecord): void {
    if (this.#nesting >= MAX_NESTING) return;
    this.#nesting++;
    for (const sink of this.#sinks) {
      try {
        if (record.level <= sink.levelOf(record.group)) sink.write(record);
      } catch {
        this.#failures++;
      }
    }
    this.#nesting--;
  }
}

class IkeLogger implements Logger {
  readonly #hub: LogHub;
  readonly #tag: IkeTag;
  readonly #write: (record: LogRecord) => void;

  constructor(hub: LogHub, tag: IkeTag, write: (record: LogRecord) => void) {
    this.#hub = hub;
    this.#tag = tag;
    this.#write = write;
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    return this.#hub.enabled(group, level);
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    if (!this.#hub.enabled(group, level)) return;
    // The name may change later; the record keeps the one of this moment.
    const ike = { name: this.#tag.name, uniqueId: this.#tag.uniqueId };
    this.#write({ group, level, message, ike });
  }

  forIke(tag: IkeTag): Logger {
    return this.#hub.forIke(tag);
  }
}

function allSilent(): Record<LogGroup, number> {
  return Object.fromEntries(LOG_GROUPS.map((group) => [group, -1])) as Record<LogGroup, number>;
}
