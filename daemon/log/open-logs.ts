import type { LogTarget } from '../contracts/log-targets.ts';
import type { LogHub } from '../contracts/logger.ts';
import { Hub } from './hub.ts';
import { prepareJson } from './json-format.ts';
import { type LogTargetServices, LogTargets } from './log-targets.ts';

/** The daemon's logs as configured. */
export interface Logs {
  readonly hub: LogHub;
  /** Lines lost so far, because no target could take them. */
  readonly dropped: number;
  /** Follows a changed configuration and reopens files. */
  reconfigure(targets: readonly LogTarget[]): void;
  /** Opens the files of the configuration in force again, for rotation. */
  reopen(): void;
  /** Writes what is buffered. */
  close(): Promise<void>;
}

/** Loads what these targets need; to be awaited before they are opened. */
export async function prepareLogs(targets: readonly LogTarget[]): Promise<void> {
  if (targets.some((target) => target.kind === 'file' && target.json)) await prepareJson();
}

/** Whether one of these targets is a local service, which is reached by datagrams. */
export function needDatagrams(targets: readonly LogTarget[], journal: boolean): boolean {
  return journal || targets.some(({ kind }) => kind !== 'file');
}

/** Opens the configured logs, or the console if there is none; what cannot be opened is said in the others. */
export function openLogs(
  targets: readonly LogTarget[],
  services: Omit<LogTargetServices, 'hub'>,
): Logs {
  const hub = new Hub();
  const open = new LogTargets({ ...services, hub });
  let current = targets;
  const reconfigure = (changed: readonly LogTarget[]): void => {
    current = changed;
    for (const warning of open.apply(changed)) hub.log('cfg', 0, warning);
  };
  reconfigure(targets);
  return {
    hub,
    get dropped() {
      return open.dropped + hub.failures;
    },
    reconfigure,
    reopen: () => reconfigure(current),
    close() {
      open[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
