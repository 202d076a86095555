import { type LogTarget, uniformLevels } from './contracts/log-targets.ts';
import type { LogGroup, LogLevel } from './contracts/logger.ts';
import { loadLocalDatagrams } from './load-plugins.ts';
import type { LogTargetServices } from './log/log-targets.ts';
import { type Logs, needDatagrams, openLogs, prepareLogs } from './log/open-logs.ts';
import { isJournal, NodeLogOutputs } from './runtime/node-log-output.ts';
import { errorText } from './util/error.ts';

/** The logs of the process; what further targets need is loaded when they come. */
export interface ServiceLogs extends Omit<Logs, 'reconfigure'> {
  reconfigure(targets: readonly LogTarget[]): Promise<void>;
}

/** Opens the logs of the process as configured; where nothing is, on the console, or with `useSyslog` in syslog, if there is one. */
export async function openServiceLogs(
  targets: readonly LogTarget[],
  {
    journalStream,
    consoleLevels,
    useSyslog,
    sockets,
  }: {
    readonly journalStream: string | undefined;
    readonly consoleLevels: Readonly<Partial<Record<LogGroup, LogLevel>>>;
    readonly useSyslog: boolean;
    readonly sockets?: LogTargetServices['sockets'];
  },
): Promise<ServiceLogs> {
  const orSyslog = (configured: readonly LogTarget[]): readonly LogTarget[] =>
    useSyslog && configured.length === 0 ? [syslogTarget(consoleLevels)] : configured;
  const outputs = new NodeLogOutputs();
  const journal = isJournal(journalStream);
  // Without datagrams the daemon works all the same; its other logs say what is missing.
  const prepare = async (wanted: readonly LogTarget[]): Promise<string | undefined> => {
    await prepareLogs(wanted);
    if (!needDatagrams(wanted, journal)) return undefined;
    try {
      outputs.localDatagrams ??= await loadLocalDatagrams();
      return undefined;
    } catch (error) {
      return errorText(error);
    }
  };
  const first = orSyslog(targets);
  const problem = await prepare(first);
  const logs = openLogs(first, {
    outputs,
    wallClock: () => Date.now(),
    journal,
    consoleLevels: useSyslog ? {} : consoleLevels,
    ...(sockets && { sockets }),
  });
  if (problem !== undefined) logs.hub.log('dmn', 0, problem);
  return {
    hub: logs.hub,
    get dropped() {
      return logs.dropped;
    },
    reopen: () => logs.reopen(),
    close: () => logs.close(),
    async reconfigure(changed) {
      const next = orSyslog(changed);
      const missing = await prepare(next);
      logs.reconfigure(next);
      if (missing !== undefined) logs.hub.log('dmn', 0, missing);
    },
  };
}

/** Where a daemon in the background logs. */
function syslogTarget(levels: Readonly<Partial<Record<LogGroup, LogLevel>>>): LogTarget {
  return {
    kind: 'syslog',
    facility: 'daemon',
    identifier: 'charon',
    levels: { ...uniformLevels(1), ...levels },
    ikeName: true,
    logLevel: false,
    mapLevel: -1,
  };
}
