import { LOG_GROUPS } from '../contracts/log-targets.ts';
import type { LogGroup, LogLevel } from '../contracts/logger.ts';

const known = new Set<string>(LOG_GROUPS);

/** Whether a word names a group. */
export function isLogGroup(text: string): text is LogGroup {
  return known.has(text);
}

/** Priorities of syslog and the journal: notice for audit, info for control flow, debug for the rest. */
export function priorityOf(level: LogLevel): 5 | 6 | 7 {
  if (level <= 0) return 5;
  return level === 1 ? 6 : 7;
}
