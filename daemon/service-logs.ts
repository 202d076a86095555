import type { LogTarget } from './contracts/log-targets.ts';
import type { LogGroup, LogLevel } from './contracts/logger.ts';
import { loadLocalDatagrams } from './load-plugins.ts';
import { type Logs, needDatagrams, openLogs, prepareLogs } from './log/open-logs.ts';
import { isJournal, NodeLogOutputs } from './runtime/node-log-output.ts';
import { errorText } from './util/error.ts';

/** The logs of the process; what further targets need is loaded when they come. */
export interface ServiceLogs extends Omit<Logs, 'reconfigure'> {
  reconfigure(targets: readonly LogTarget[]): Promise<void>;
}

/** Opens the logs of the process as configured. */
export async function openServiceLogs(
  targets: readonly LogTarget[],
  journalStream: string | undefined,
  consoleLevels: Readonly<Partial<Record<LogGroup, LogLevel>>>,
): Promise<ServiceLogs> {
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
  const problem = await prepare(targets);
  const logs = openLogs(targets, { outputs, wallClock: () => Date.now(), journal, consoleLevels });
  if (problem !== undefined) logs.hub.log('dmn', 0, problem);
  return {
    hub: logs.hub,
    get dropped() {
      return logs.dropped;
    },
    reopen: () => logs.reopen(),
    close: () => logs.close(),
    async reconfigure(changed) {
      const missing = await prepare(changed);
      logs.reconfigure(changed);
      if (missing !== undefined) logs.hub.log('dmn', 0, missing);
    },
  };
}
