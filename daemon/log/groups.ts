import type { LogLevels } from '../contracts/log-targets.ts';
import type { LogGroup, LogLevel } from '../contracts/logger.ts';

/** charon's log groups in the order of its manual. */
export const LOG_GROUPS: readonly LogGroup[] = [
  'dmn',
  'mgr',
  'ike',
  'chd',
  'job',
  'wch',
  'cfg',
  'knl',
  'net',
  'asn',
  'enc',
  'tnc',
  'imc',
  'imv',
  'pts',
  'tls',
  'app',
  'esp',
  'lib',
];

const known = new Set<string>(LOG_GROUPS);

/** Whether a word names a group. */
export function isLogGroup(text: string): text is LogGroup {
  return known.has(text);
}

/** Every group at one level. */
export function uniformLevels(level: LogLevel): LogLevels {
  return Object.fromEntries(LOG_GROUPS.map((group) => [group, level])) as Record<
    LogGroup,
    LogLevel
  >;
}

/** Priorities of syslog and the journal: notice for audit, info for control flow, debug for the rest. */
export function priorityOf(level: LogLevel): 5 | 6 | 7 {
  if (level <= 0) return 5;
  return level === 1 ? 6 : 7;
}
