import { type Tree, value } from '../../config/tree.ts';
import type { LogRecord, LogSink } from '../../contracts/logger.ts';
import type { GlobalEvent } from './global.ts';

/** The daemon works in one thread; clients expect a number. */
const THREAD = 1;
/** Highest level sent to whoever listens. */
const LEVEL = 1;

/** Every message of level 0 or 1. */
export const logEvent: GlobalEvent = {
  name: 'log',
  droppable: true,
  connect: (services, send) => {
    const sink: LogSink = {
      levelOf: () => LEVEL,
      write: (record) => {
        if (record.level <= LEVEL) send(logTree(record));
      },
    };
    return services.hub.addSink(sink);
  },
};

function logTree(record: LogRecord): Tree {
  return [
    value('group', record.group.toUpperCase()),
    value('level', record.level),
    value('thread', THREAD),
    ...ikeKeys(record),
    value('msg', record.message),
  ];
}

/** The IKE_SA a record belongs to, in the keys of `log` and `control-log`. */
export function ikeKeys(record: LogRecord): Tree {
  if (record.ike === undefined) return [];
  return [value('ikesa-name', record.ike.name), value('ikesa-uniqueid', record.ike.uniqueId)];
}
