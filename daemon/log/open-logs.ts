import type { LogTarget } from '../contracts/log-targets.ts';
import type { LogGroup, LogHub, LogLevel, LogRecord, LogSink } from '../contracts/logger.ts';
import { Hub } from './hub.ts';

/** The daemon's logs as configured. */
export interface Logs {
  readonly hub: LogHub;
  /** Follows a changed configuration and reopens files. */
  reconfigure(targets: readonly LogTarget[]): void;
  /** Writes what is buffered. */
  close(): Promise<void>;
}

/** Opens the configured logs, or the console if there is none. */
export function openLogs(
  _targets: readonly LogTarget[],
  debugLevels: Readonly<Partial<Record<LogGroup, LogLevel>>>,
): Logs {
  const hub = new Hub();
  hub.addSink(consoleSink(debugLevels));
  return { hub, reconfigure() {}, async close() {} };
}

function consoleSink(levels: Readonly<Partial<Record<LogGroup, LogLevel>>>): LogSink {
  return {
    levelOf: (group) => levels[group] ?? 1,
    write: ({ group, message, ike }: LogRecord) => {
      const tag =
        ike === undefined ? '' : ` <${ike.name === '' ? '' : `${ike.name}|`}${ike.uniqueId}>`;
      process.stdout.write(`00[${group.toUpperCase()}]${tag} ${message}\n`);
    },
  };
}
