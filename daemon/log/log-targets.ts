import type { LogOutput, LogOutputs } from '../contracts/log-output.ts';
import {
  type FileTarget,
  type LogLevels,
  type LogTarget,
  uniformLevels,
} from '../contracts/log-targets.ts';
import type { LogHub, LogSink } from '../contracts/logger.ts';
import { errorText } from '../util/error.ts';
import { JsonSink } from './json-sink.ts';
import { JournalSink, TextSink } from './text-sink.ts';
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
}

interface OpenTarget {
  readonly remove: () => void;
  readonly output: LogOutput;
}

/** The configured loggers of a daemon; they can be exchanged while it runs. */
export class LogTargets implements Disposable {
  readonly #services: LogTargetServices;
  #open: readonly OpenTarget[] = [];

  constructor(services: LogTargetServices) {
    this.#services = services;
  }

  /**
   * Opens the targets, then closes those that were open: log files are reopened, which is what rotation needs. Without
   * any target lines go to the journal or else to standard output. The result are sentences about targets that could
   * not be opened.
   */
  apply(targets: readonly LogTarget[]): readonly string[] {
    const warnings: string[] = [];
    const old = this.#open;
    const opened: OpenTarget[] = [];
    for (const target of targets) {
      try {
        const sink = this.#sink(target);
        if (typeof sink === 'string') warnings.push(sink);
        else opened.push({ remove: this.#services.hub.addSink(sink.sink), output: sink.output });
      } catch (error) {
        warnings.push(errorText(error));
      }
    }
    const asked = Object.keys(this.#services.consoleLevels ?? {}).length > 0;
    if (opened.length === 0 || asked) opened.push(this.#console());
    this.#open = opened;
    close(old);
    return warnings;
  }

  [Symbol.dispose](): void {
    close(this.#open);
    this.#open = [];
  }

  #sink(target: LogTarget): { readonly sink: LogSink; readonly output: LogOutput } | string {
    switch (target.kind) {
      case 'file':
        return this.#file(target);
      case 'journal': {
        if (!this.#services.journal) {
          return 'the journal logger is not in effect: standard output is not the journal';
        }
        const output = this.#services.outputs.standard('stdout');
        return { sink: new JournalSink(output, target.levels), output };
      }
      case 'syslog':
        return `syslog facility '${target.facility}' is not yet in effect: Node has no datagram UNIX sockets; use filelog, or the journal under systemd`;
    }
  }

  #file(target: FileTarget): { readonly sink: LogSink; readonly output: LogOutput } {
    const { outputs, wallClock } = this.#services;
    const { path } = target;
    let output: LogOutput;
    try {
      output =
        path === 'stdout' || path === 'stderr'
          ? outputs.standard(path)
          : outputs.file(path, target);
    } catch (error) {
      throw new Error(`cannot open log file '${path}': ${errorText(error)}`, { cause: error });
    }
    const time =
      target.timeFormat === undefined
        ? undefined
        : new TimePrefix(target.timeFormat, target.timePrecision);
    const sink = target.json
      ? new JsonSink(output, target.levels, target.ikeName, time, wallClock)
      : new TextSink(output, target.levels, target, time, wallClock);
    return { sink, output };
  }

  #console(): OpenTarget {
    const output = this.#services.outputs.standard('stdout');
    const levels = { ...uniformLevels(1), ...this.#services.consoleLevels };
    const style = { ikeName: true, logLevel: false };
    const sink = this.#services.journal
      ? new JournalSink(output, levels)
      : new TextSink(output, levels, style, undefined, this.#services.wallClock);
    return { remove: this.#services.hub.addSink(sink), output };
  }
}

function close(targets: readonly OpenTarget[]): void {
  for (const { remove, output } of targets) {
    remove();
    output.close();
  }
}
