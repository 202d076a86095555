import {
  type FileTarget,
  type JournalTarget,
  LOG_GROUPS,
  type LogLevels,
  type LogTarget,
  type SyslogTarget,
  uniformLevels,
} from '../contracts/log-targets.ts';
import type { LogLevel } from '../contracts/logger.ts';
import { didYouMean } from '../util/did-you-mean.ts';
import { type ConfNode, printPosition } from './conf-tree.ts';
import { parseBoolWord } from './option-kinds.ts';

/** The loggers configured in a daemon section; what cannot be read is passed to `warn` and defaulted. */
export function logTargets(
  section: ConfNode,
  warn: (message: string) => void,
): readonly LogTarget[] {
  const targets: LogTarget[] = [];
  const files = section.at('filelog');
  for (const name of files.sectionNames()) targets.push(fileTarget(name, files.at(name), warn));
  const syslog = section.at('syslog');
  const identifier = syslog.value('identifier')?.text;
  for (const facility of syslog.sectionNames()) {
    targets.push(syslogTarget(facility, identifier, syslog.at(facility), warn));
  }
  const journal = journalSection(section);
  if (journal !== undefined) targets.push(journalTarget(journal, warn));
  return targets;
}

function journalSection(section: ConfNode): ConfNode | undefined {
  return [section.at('journal'), section.at('customlog', 'journal')].find((node) => node.exists);
}

type Warn = (message: string) => void;

function fileTarget(name: string, node: ConfNode, warn: Warn): FileTarget {
  const own = [
    'path',
    'append',
    'flush_line',
    'ike_name',
    'json',
    'log_level',
    'time_format',
    'time_precision',
    'time_add_ms',
  ];
  const timeFormat = node.value('time_format')?.text;
  const timePrecision = precision(node, warn);
  return {
    kind: 'file',
    name,
    path: node.value('path')?.text ?? name,
    levels: levels(node, own, warn),
    append: flag(node, 'append', true, warn),
    flushLine: flag(node, 'flush_line', false, warn),
    ikeName: flag(node, 'ike_name', false, warn),
    json: flag(node, 'json', false, warn),
    logLevel: flag(node, 'log_level', false, warn),
    ...(timeFormat === undefined ? {} : { timeFormat }),
    ...(timePrecision === undefined ? {} : { timePrecision }),
  };
}

function syslogTarget(
  facility: string,
  identifier: string | undefined,
  node: ConfNode,
  warn: Warn,
): SyslogTarget {
  const mapLevel = node.value('map_level');
  const number = mapLevel === undefined ? -1 : Number(mapLevel.text);
  if (mapLevel !== undefined && !/^-?\d{1,2}$/.test(mapLevel.text)) {
    warn(
      `${printPosition(mapLevel.position)}: invalid value '${mapLevel.text}' for map_level, -1 is used`,
    );
  }
  return {
    kind: 'syslog',
    facility,
    ...(identifier === undefined ? {} : { identifier }),
    levels: levels(node, ['ike_name', 'log_level', 'map_level'], warn),
    ikeName: flag(node, 'ike_name', false, warn),
    logLevel: flag(node, 'log_level', false, warn),
    mapLevel: Number.isInteger(number) ? number : -1,
  };
}

function journalTarget(node: ConfNode, warn: Warn): JournalTarget {
  return { kind: 'journal', levels: levels(node, [], warn) };
}

function levels(node: ConfNode, others: readonly string[], warn: Warn): LogLevels {
  const result = { ...uniformLevels(level(node, 'default', 1, warn)) };
  for (const key of node.keys()) {
    const group = LOG_GROUPS.find((name) => name === key);
    if (group !== undefined) result[group] = level(node, group, result[group], warn);
    else if (key !== 'default' && key !== 'any' && !others.includes(key)) {
      const position = node.value(key)?.position;
      if (position !== undefined)
        warn(
          `${printPosition(position)}: unknown logger option '${key}'${suggestion(key, others)}`,
        );
    }
  }
  return result;
}

function suggestion(key: string, others: readonly string[]): string {
  const near = didYouMean(key, ['default', ...others, ...LOG_GROUPS]);
  return near === undefined ? '' : `, did you mean '${near}'?`;
}

function level(node: ConfNode, key: string, fallback: LogLevel, warn: Warn): LogLevel {
  const value = node.value(key);
  if (value === undefined) return fallback;
  const known: readonly LogLevel[] = [-1, 0, 1, 2, 3, 4];
  const found = known.find((number) => String(number) === value.text);
  if (found === undefined) {
    warn(
      `${printPosition(value.position)}: invalid level '${value.text}' of '${key}', allowed are -1 to 4; ${fallback} is used`,
    );
  }
  return found ?? fallback;
}

function flag(node: ConfNode, key: string, fallback: boolean, warn: Warn): boolean {
  const value = node.value(key);
  if (value === undefined) return fallback;
  const parsed = parseBoolWord(value.text);
  if (parsed === undefined) {
    warn(
      `${printPosition(value.position)}: invalid value '${value.text}' for '${key}', allowed are yes and no`,
    );
  }
  return parsed ?? fallback;
}

function precision(node: ConfNode, warn: Warn): 'ms' | 'us' | undefined {
  const value = node.value('time_precision');
  if (value === undefined) return flag(node, 'time_add_ms', false, warn) ? 'ms' : undefined;
  if (value.text === 'ms' || value.text === 'us') return value.text;
  warn(
    `${printPosition(value.position)}: invalid time_precision '${value.text}', allowed are ms and us`,
  );
  return undefined;
}
