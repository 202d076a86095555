import type { LogRecord } from '../contracts/logger.ts';

/** The daemon works in one thread; charon's lines begin with its number. */
const THREAD = '01';

/** What a line shows beside its message. */
export interface LineStyle {
  readonly ikeName: boolean;
  readonly logLevel: boolean;
}

/** `01[IKE] <gw|1> message` with newline; every line of the message repeats `prefix` and the rest. */
export function formatLines(record: LogRecord, style: LineStyle, prefix: string): string {
  const level = style.logLevel ? record.level : '';
  const head = `${prefix}${THREAD}[${record.group.toUpperCase()}${level}] ${tagOf(record, style)}`;
  const text = harmless(record.message);
  if (!text.includes('\n')) return `${head}${text}\n`;
  return text
    .split('\n')
    .map((line) => `${head}${line}\n`)
    .join('');
}

function tagOf({ ike }: LogRecord, { ikeName }: LineStyle): string {
  if (!ikeName || ike === undefined) return '';
  return ike.name === '' ? `<${ike.uniqueId}> ` : `<${harmless(ike.name)}|${ike.uniqueId}> `;
}

/**
 * Text in which control characters other than newline and tab, which could steer a terminal or forge fields, are
 * replaced by `?`.
 */
export function harmless(text: string): string {
  return /\p{Cc}/u.test(text) ? text.replace(/(?![\n\t])\p{Cc}/gu, '?') : text;
}
