import type {
  IkeTag,
  LogGroup,
  Logger,
  LogHub,
  LogLevel,
  LogRecord,
  LogSink,
} from '../contracts/logger.ts';
import { LOG_GROUPS } from './groups.ts';

/** Hands every record to the sinks that want its level; a level nobody wants costs a lookup and a compare. */
export class Hub implements LogHub {
  readonly #sinks = new Set<LogSink>();
  readonly #highest = new Map<LogGroup, LogLevel>();

  constructor() {
    this.#recompute();
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    return level <= (this.#highest.get(group) ?? -1);
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    this.write(group, level, message, undefined);
  }

  forIke(tag: IkeTag): Logger {
    return new TaggedLogger(this, tag);
  }

  addSink(sink: LogSink): () => void {
    this.#sinks.add(sink);
    this.#recompute();
    return () => {
      this.#sinks.delete(sink);
      this.#recompute();
    };
  }

  /** The levels that a sink wants changed. */
  levelsChanged(): void {
    this.#recompute();
  }

  write(group: LogGroup, level: LogLevel, message: string, ike: IkeTag | undefined): void {
    if (!this.enabled(group, level)) return;
    // The tag is copied: a record keeps the name that held when it was made.
    const record: LogRecord =
      ike === undefined
        ? { group, level, message }
        : { group, level, message, ike: { name: ike.name, uniqueId: ike.uniqueId } };
    for (const sink of this.#sinks) {
      if (level <= sink.levelOf(group)) sink.write(record);
    }
  }

  #recompute(): void {
    for (const group of LOG_GROUPS) {
      let highest: LogLevel = -1;
      for (const sink of this.#sinks) {
        const level = sink.levelOf(group);
        if (level > highest) highest = level;
      }
      this.#highest.set(group, highest);
    }
  }
}

class TaggedLogger implements Logger {
  readonly #hub: Hub;
  readonly #tag: IkeTag;

  constructor(hub: Hub, tag: IkeTag) {
    this.#hub = hub;
    this.#tag = tag;
  }

  enabled(group: LogGroup, level: LogLevel): boolean {
    return this.#hub.enabled(group, level);
  }

  log(group: LogGroup, level: LogLevel, message: string): void {
    this.#hub.write(group, level, message, this.#tag);
  }

  forIke(tag: IkeTag): Logger {
    return new TaggedLogger(this.#hub, tag);
  }
}
