import type { LogGroup, LogLevel } from './logger.ts';

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

/** Every group at one level. */
export function uniformLevels(level: LogLevel): LogLevels {
  return Object.fromEntries(LOG_GROUPS.map((group) => [group, level])) as Record<
    LogGroup,
    LogLevel
  >;
}

/** Highest level written of every group. */
export type LogLevels = Readonly<Record<LogGroup, LogLevel>>;

/** Where log lines go and what they look like: one `filelog`, `syslog` or `journal` section. */
export type LogTarget = FileTarget | SyslogTarget | JournalTarget;

export interface FileTarget {
  readonly kind: 'file';
  /** Section name, for messages about the target. */
  readonly name: string;
  /** Path, or `stdout` or `stderr`. */
  readonly path: string;
  readonly levels: LogLevels;
  readonly append: boolean;
  /** Write every line at once instead of gathering a few. */
  readonly flushLine: boolean;
  /** Print `<name|id>` of the IKE_SA. */
  readonly ikeName: boolean;
  /** One JSON object a line instead of text. */
  readonly json: boolean;
  /** Print the level after the group: `[IKE2]`. */
  readonly logLevel: boolean;
  /** strftime format of the prefix; without it no time is written. */
  readonly timeFormat?: string;
  readonly timePrecision?: 'ms' | 'us';
}

export interface SyslogTarget {
  readonly kind: 'syslog';
  readonly facility: string;
  readonly identifier?: string;
  readonly levels: LogLevels;
  readonly ikeName: boolean;
  readonly logLevel: boolean;
  /** -1 logs everything as LOG_INFO, n as min(LOG_DEBUG, n + level). */
  readonly mapLevel: number;
}

export interface JournalTarget {
  readonly kind: 'journal';
  readonly levels: LogLevels;
}
