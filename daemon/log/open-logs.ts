import type { LogTarget } from '../contracts/log-targets.ts';
import type { LogHub } from '../contracts/logger.ts';
import { Hub } from './hub.ts';
import { prepareJson } from './json-sink.ts';
import { type LogTargetServices, LogTargets } from './log-targets.ts';

/** The daemon's logs as configured. */
export interface Logs {
  readonly hub: LogHub;
  /** Follows a changed configuration and reopens files. */
  reconfigure(targets: readonly LogTarget[]): void;
  /** Writes what is buffered. */
  close(): Promise<void>;
}

/** Loads what these targets need; to be awaited before they are opened. */
export async function prepareLogs(targets: readonly LogTarget[]): Promise<void> {
  if (targets.some((target) => target.kind === 'file' && target.json)) await prepareJson();
}

/** Opens the configured logs, or the console if there is none; what cannot be opened is said in the others. */
export function openLogs(
  targets: readonly LogTarget[],
  services: Omit<LogTargetServices, 'hub'>,
): Logs {
  const hub = new Hub();
  const open = new LogTargets({ ...services, hub });
  const reconfigure = (changed: readonly LogTarget[]): void => {
    for (const warning of open.apply(changed)) hub.log('cfg', 0, warning);
  };
  reconfigure(targets);
  return {
    hub,
    reconfigure,
    close() {
      open[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
