import type { LogOutputs } from '../contracts/log-output.ts';
import {
  type FileTarget,
  type LogLevels,
  type LogTarget,
  uniformLevels,
} from '../contracts/log-targets.ts';
import type { LogHub, LogSink } from '../contracts/logger.ts';
import { errorText } from '../util/error.ts';
import { priorityOf } from './groups.ts';
import { JOURNAL_SOCKET, journalFormat } from './journal-format.ts';
import { jsonFormat } from './json-format.ts';
import { formatLines, type LineStyle } from './line-format.ts';
import { type EntryFormat, EntrySink, type LineFormat, LineSink, lostRecord } from './sinks.ts';
import { isSyslogFacility, SYSLOG_SOCKET, syslogFormat } from './syslog-format.ts';
import { TimePrefix } from './time-prefix.ts';

/** What the targets are opened with. */
export interface LogTargetServices {
  readonly hub: LogHub;
  readonly outputs: LogOutputs;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Whether standard output is the systemd journal (`JOURNAL_STREAM` is set). */
  readonly journal: boolean;
  /** Levels of the console, which opens if no target is configured or if one of them is given. */
  readonly consoleLevels?: Readonly<Partial<LogLevels>>;
  /** Where the sockets of the journal and of syslog are, if not where every system has them. */
  readonly sockets?: { readonly journal: string; readonly syslog: string };
}

interface OpenTarget {
  readonly sink: LogSink;
  readonly output: { readonly dropped: number; close(): void };
}

const CONSOLE: LineStyle = { ikeName: true, logLevel: false };

/** The configured loggers of a daemon; they can be exchanged while it runs. */
export class LogTargets implements Disposable {
  readonly #services: LogTargetServices;
  #open: readonly (OpenTarget & { readonly remove: () => void })[] = [];
  /** Lost by targets that are closed. */
  #dropped = 0;
  /** Files that were truncated if they had to be: opening them again must not lose what we wrote. */
  readonly #files = new Set<string>();

  constructor(services: LogTargetServices) {
    this.#services = services;
  }

  /** Lines and entries that no target could take, so far. */
  get dropped(): number {
    return this.#open.reduce((sum, { output }) => sum + output.dropped, this.#dropped);
  }

  /**
   * Opens the targets, then closes those that were open: log files are reopened, which is what rotation needs. Under
   * systemd the journal is always among them, unless a section says otherwise; without any target lines go to standard
   * output. The result are sentences about targets that could not be opened.
   */
  apply(targets: readonly LogTarget[]): readonly string[] {
    const warnings: string[] = [];
    const opened: OpenTarget[] = [];
    const open = (target: LogTarget): void => {
      try {
        opened.push(this.#target(target));
      } catch (error) {
        warnings.push(errorText(error));
      }
    };
    for (const target of targets) open(target);
    if (this.#services.journal && !targets.some(({ kind }) => kind === 'journal')) {
      open({ kind: 'journal', levels: this.#consoleLevels() });
    }
    const asked = Object.keys(this.#services.consoleLevels ?? {}).length > 0;
    if (opened.length === 0 || (asked && !this.#services.journal)) opened.push(this.#console());
    const old = this.#open;
    this.#open = opened.map((target) => ({
      ...target,
      remove: this.#services.hub.addSink(target.sink),
    }));
    this.#close(old);
    return warnings;
  }

  [Symbol.dispose](): void {
    this.#close(this.#open);
    this.#open = [];
  }

  #close(targets: readonly (OpenTarget & { readonly remove: () => void })[]): void {
    for (const { remove, output } of targets) {
      remove();
      output.close();
      this.#dropped += output.dropped;
    }
  }

  #target(target: LogTarget): OpenTarget {
    const { sockets, wallClock } = this.#services;
    switch (target.kind) {
      case 'file':
        return this.#file(target);
      case 'journal':
        return this.#journal(target.levels);
      case 'syslog': {
        if (!isSyslogFacility(target.facility)) {
          throw new Error(
            `unknown syslog facility '${target.facility}', allowed are daemon and auth`,
          );
        }
        const format = syslogFormat(target, wallClock);
        return this.#entries(sockets?.syslog ?? SYSLOG_SOCKET, target.levels, format);
      }
    }
  }

  // Without its socket the journal still takes what comes out of standard output, with a priority in front.
  #journal(levels: LogLevels): OpenTarget {
    const { journal, sockets } = this.#services;
    try {
      return this.#entries(sockets?.journal ?? JOURNAL_SOCKET, levels, journalFormat());
    } catch (error) {
      if (!journal) throw error;
      return this.#lines('stdout', levels, (record) =>
        formatLines(record, CONSOLE, `<${priorityOf(record.level)}>`),
      );
    }
  }

  #entries(path: string, levels: LogLevels, format: EntryFormat): OpenTarget {
    try {
      const output = this.#services.outputs.datagrams(path, (lost) => first(format, lost));
      return { sink: new EntrySink(output, levels, format), output };
    } catch (error) {
      throw new Error(`cannot log to '${path}': ${errorText(error)}`, { cause: error });
    }
  }

  #file(target: FileTarget): OpenTarget {
    const { outputs } = this.#services;
    const { path, levels } = target;
    const format = this.#formatOf(target);
    if (path === 'stdout' || path === 'stderr') return this.#lines(path, levels, format);
    try {
      const options = { ...target, append: target.append || this.#files.has(path) };
      const output = outputs.file(path, options, (lost) => format(lostRecord(lost)));
      this.#files.add(path);
      return { sink: new LineSink(output, levels, format), output };
    } catch (error) {
      throw new Error(`cannot open log file '${path}': ${errorText(error)}`, { cause: error });
    }
  }

  #formatOf(target: FileTarget): LineFormat {
    const { wallClock } = this.#services;
    const time =
      target.timeFormat === undefined
        ? undefined
        : new TimePrefix(target.timeFormat, target.timePrecision);
    if (target.json) return jsonFormat(target.ikeName, time, wallClock);
    return (record) =>
      formatLines(record, target, time === undefined ? '' : `${time.of(wallClock())} `);
  }

  #lines(stream: 'stdout' | 'stderr', levels: LogLevels, format: LineFormat): OpenTarget {
    const output = this.#services.outputs.standard(stream, (lost) => format(lostRecord(lost)));
    return { sink: new LineSink(output, levels, format), output };
  }

  #console(): OpenTarget {
    return this.#lines('stdout', this.#consoleLevels(), (record) =>
      formatLines(record, CONSOLE, ''),
    );
  }

  #consoleLevels(): LogLevels {
    return { ...uniformLevels(1), ...this.#services.consoleLevels };
  }
}

function first(format: EntryFormat, lost: number): Uint8Array {
  return format(lostRecord(lost))[0] ?? new Uint8Array();
}
