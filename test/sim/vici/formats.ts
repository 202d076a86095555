import type { TreeEntry } from '../../../daemon/config/tree.ts';
import { parseIp } from '../../../daemon/proto/ip-address.ts';
import { parseSelector } from '../../../daemon/proto/traffic-selector-text.ts';
import { printable } from '../../../daemon/util/bytes.ts';
import type { DescribedField } from './reference.ts';

const MONTH = '(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)';

/** Formats that the reference writes down in words; the others only explain the meaning. */
const FORMATS: ReadonlyMap<string, RegExp> = new Map([
  ['relative time, see value formats', /^\d+ (second|minute|hour|day)s?$/],
  [
    "local time, 'Mon DD HH:MM:SS YYYY'",
    new RegExp(`^${MONTH} \\d\\d \\d\\d:\\d\\d:\\d\\d \\d{4}$`),
  ],
  ['40 hex digits: SHA-1 of the subjectPublicKey bits', /^[0-9a-f]{40}$/],
  ['SHA-1 key identifiers', /^[0-9a-f]{40}$/],
  ['decimal: 1 or 2', /^[12]$/],
  ['exactly 16 lower-case hex digits, network order', /^[0-9a-f]{16}$/],
  ['exactly 16 lower-case hex digits (all zero while unknown)', /^[0-9a-f]{16}$/],
  ['8 hex digits', /^[0-9a-f]{8}$/],
  ['4 hex digits', /^[0-9a-f]{4}$/],
  ['seconds since establishment', /^\d+$/],
  ['seconds since last use', /^\d+$/],
  ['seconds since installation', /^\d+$/],
  ['transform name plus _keybits, e.g. AES_CBC_128', /^[A-Z0-9_]+$/],
  ['NO_EXT_SEQ / EXT_SEQ', /^(NO_)?EXT_SEQ$/],
  ['dotted OIDs', /^\d+(\.\d+)+$/],
  ['transform name, see proposals.md', /^[A-Z][A-Z0-9_]*$/],
  ['key exchange name', /^[A-Z][A-Z0-9_]*$/],
]);

/** What is wrong with the kind or the text of an entry, in a few words; nothing if it is as described. */
export function formatMistake(entry: TreeEntry, described: DescribedField): string | undefined {
  const { type, values, format } = described;
  const item = /^list<(.+)>$/.exec(type)?.[1];
  const kind = type === 'section' ? 'section' : item === undefined ? 'value' : 'list';
  if (entry.kind !== kind) return `is a ${entry.kind}, not a ${kind}`;
  if (entry.kind === 'section') return undefined;
  const octets = entry.kind === 'value' ? [entry.value] : entry.items;
  for (const one of octets) {
    if ((item ?? type) === 'blob') {
      if (one.length === 0) return 'is empty';
      continue;
    }
    const text = new TextDecoder('utf-8', { fatal: true }).decode(one);
    if (!fits(text, item ?? type, values)) return `'${printable(one)}' is no ${item ?? type}`;
    const pattern = format === undefined ? undefined : FORMATS.get(format);
    if (pattern?.test(text) === false) return `'${text}' is not of the form: ${format}`;
  }
  return undefined;
}

function fits(text: string, type: string, values: readonly string[] | undefined): boolean {
  switch (type) {
    case 'enum':
      return values?.includes(text) === true;
    case 'uint':
    case 'uint64':
      return /^(0|[1-9]\d*)$/.test(text) && BigInt(text) < 1n << 64n;
    case 'int':
      return /^-?(0|[1-9]\d*)$/.test(text);
    case 'hex':
      return /^([0-9a-f]{2})+$/.test(text);
    case 'ip':
      return text === '%any' || text === '%any6' || parseIp(text) !== undefined;
    case 'ts':
      return readableSelector(text);
    case 'identity':
      return text !== '' && [...text].every((char) => char >= ' ');
    case 'str':
      return true;
    default:
      return false;
  }
}

function readableSelector(text: string): boolean {
  try {
    parseSelector(text.replace('..', '-').replace('OPAQUE', 'opaque'));
    return true;
  } catch {
    return false;
  }
}
