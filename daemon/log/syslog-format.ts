import type { SyslogTarget } from '../contracts/log-targets.ts';
import type { LogLevel } from '../contracts/logger.ts';
import { utf8 } from '../util/bytes.ts';
import { formatLines } from './line-format.ts';
import type { EntryFormat } from './sinks.ts';
import { strftime } from './strftime.ts';

/** Where syslog listens. */
export const SYSLOG_SOCKET = '/dev/log';

/** Facilities of syslog(3) that a section may name; `auth` stands for authpriv, as with charon. */
const FACILITIES: Readonly<Record<string, number>> = { daemon: 3, auth: 10 };

const LOG_INFO = 6;
const LOG_DEBUG = 7;
/** What openlog(3) would take from the program's name. */
const IDENTIFIER = 'charon';
/** Octets of one entry: daemons of syslog cut longer ones or refuse them. */
const LONGEST = 8 * 1024;

/** Whether a section may have this name. */
export function isSyslogFacility(facility: string): boolean {
  return Object.hasOwn(FACILITIES, facility);
}

/** Entries as syslog(3) sends them: `<PRI>Nov  1 05:06:04 charon: 01[IKE] <gw|1> message`, one for every line. */
export function syslogFormat(target: SyslogTarget, wallClock: () => number): EntryFormat {
  const facility = (FACILITIES[target.facility] ?? 0) * 8;
  const identifier = target.identifier ?? IDENTIFIER;
  return (record) => {
    const time = strftime('%b %e %T', new Date(wallClock()));
    const prefix = `<${facility + severity(target.mapLevel, record.level)}>${time} ${identifier}: `;
    return formatLines(record, target, '')
      .split('\n')
      .slice(0, -1)
      .map((line) => utf8(prefix + line).subarray(0, LONGEST));
  };
}

function severity(mapLevel: number, level: LogLevel): number {
  return mapLevel < 0 ? LOG_INFO : Math.min(LOG_DEBUG, mapLevel + level);
}
