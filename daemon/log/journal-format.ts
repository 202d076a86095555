import type { LogRecord } from '../contracts/logger.ts';
import { concatBytes, utf8 } from '../util/bytes.ts';
import { priorityOf } from './groups.ts';
import { harmless } from './line-format.ts';
import type { EntryFormat } from './sinks.ts';

/** Where the systemd journal takes entries with fields. */
export const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** Says that an entry is a log line of this daemon (systemd.journal-fields(7)). */
const MESSAGE_ID = '4f3f0d1c6e0b4b6a9c0a5b7f3c1d8e92';
/** Characters of a message: what a datagram holds on every host. */
const LONGEST = 48 * 1024;

/**
 * Entries of the journal's native protocol: MESSAGE, MESSAGE_ID, PRIORITY, GROUP, LEVEL, THREAD, SYSLOG_IDENTIFIER and, of
 * an IKE_SA, IKE_SA_UNIQUE_ID and IKE_SA_NAME.
 */
export function journalFormat(identifier = 'charon'): EntryFormat {
  return (record) => [concatBytes(...fieldsOf(record, identifier).map(encode))];
}

type Field = readonly [name: string, value: string];

function fieldsOf({ group, level, message, ike }: LogRecord, identifier: string): Field[] {
  return [
    ['MESSAGE', harmless(message).slice(0, LONGEST)],
    ['MESSAGE_ID', MESSAGE_ID],
    ['PRIORITY', String(priorityOf(level))],
    ['SYSLOG_IDENTIFIER', identifier],
    ['GROUP', group.toUpperCase()],
    ['LEVEL', String(level)],
    ['THREAD', '1'],
    ...(ike === undefined ? [] : [['IKE_SA_UNIQUE_ID', String(ike.uniqueId)] as const]),
    ...(ike === undefined || ike.name === ''
      ? []
      : [['IKE_SA_NAME', harmless(ike.name).replaceAll('\n', ' ')] as const]),
  ];
}

// A value with a newline goes by its length: no text can add a field of its own.
function encode([name, value]: Field): Uint8Array {
  if (!value.includes('\n')) return utf8(`${name}=${value}\n`);
  const octets = utf8(value);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(octets.length), true);
  return concatBytes(utf8(`${name}\n`), length, octets, utf8('\n'));
}
