import type { LogOutput } from '../contracts/log-output.ts';
import type { LogRecord } from '../contracts/logger.ts';
import type { LineFormat } from './sinks.ts';
import type { TimePrefix } from './time-prefix.ts';

/** The daemon works in one thread; charon's lines carry its number. */
const THREAD = 1;

let pino: typeof import('pino').pino | undefined;

/** Loads what {@link jsonFormat} needs: 7 MB and a tenth of a start that no other log needs. */
export async function prepareJson(): Promise<void> {
  pino ??= (await import('pino')).pino;
}

/**
 * One JSON object a line: `time` (if a format is given), `thread`, `group` (upper case), `level` (charon's number),
 * `ikesa-uniqueid` and `ikesa-name` (texts, if asked for), `msg`.
 */
export function jsonFormat(
  ikeName: boolean,
  time: TimePrefix | undefined,
  wallClock: () => number,
): LineFormat {
  if (pino === undefined) throw new TypeError('a JSON log before prepareJson');
  let line = '';
  const capture: Pick<LogOutput, 'write'> = {
    write(text) {
      line = text;
    },
  };
  // Levels are filtered before: pino writes whatever it is given.
  const logger = pino(
    {
      level: 'trace',
      base: null,
      timestamp: false,
      formatters: { level: () => ({ thread: THREAD }) },
    },
    capture,
  );
  const fieldsOf = ({ ike, group, level }: LogRecord): object => ({
    ...(time === undefined ? {} : { time: time.of(wallClock()) }),
    group: group.toUpperCase(),
    level,
    ...(ikeName && ike !== undefined
      ? { 'ikesa-uniqueid': String(ike.uniqueId), 'ikesa-name': ike.name }
      : {}),
  });
  return (record) => {
    const fields = fieldsOf(record);
    if (record.level <= 1) logger.info(fields, record.message);
    else if (record.level === 2) logger.debug(fields, record.message);
    else logger.trace(fields, record.message);
    return line;
  };
}
