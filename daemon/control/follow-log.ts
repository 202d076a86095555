import type { LogGroup, LogHub, LogLevel } from '../contracts/logger.ts';
import type { ProgressSink } from './control.ts';

const MOST_VERBOSE: LogLevel = 2;

/** Passes on every record of these IKE_SAs until disposed; the receiver decides by level what it shows. */
export function followLog(
  hub: LogHub,
  sas: readonly { readonly uniqueId: number }[],
  progress: ProgressSink,
): Disposable {
  const ids = new Set(sas.map((sa) => sa.uniqueId));
  const remove = hub.addSink({
    levelOf: (_group: LogGroup) => MOST_VERBOSE,
    write: (record) => {
      if (record.ike !== undefined && ids.has(record.ike.uniqueId)) progress(record);
    },
  });
  return { [Symbol.dispose]: remove };
}
