import type { Tree, TreeEntry } from '../config/tree.ts';
import { latin1 } from '../util/bytes.ts';
import type { FieldTypes } from './number-fields.ts';

/**
 * A message as a JSON object, its names as they are on the wire and in their order. Numbers keep all their digits, whatever 64 bits
 * hold; octets are written in base64, text that is no UTF-8 as one character per octet. Of equal names in one section the first counts, as for
 * every client.
 */
export function jsonText(tree: Tree, types: FieldTypes = {}): string {
  const seen = new Set<string>();
  const members: string[] = [];
  for (const entry of tree) {
    if (seen.has(entry.name)) continue;
    seen.add(entry.name);
    members.push(`${JSON.stringify(entry.name)}:${memberText(entry, types)}`);
  }
  return `{${members.join(',')}}`;
}

function memberText(entry: TreeEntry, types: FieldTypes): string {
  if (entry.kind === 'section') {
    return jsonText(entry.entries, typesWithin(types, entry.name));
  }
  if (entry.kind === 'list') return `[${entry.items.map(quoted).join(',')}]`;
  if (types.octets?.includes(entry.name)) return `"${btoa(String.fromCharCode(...entry.value))}"`;
  const text = latin1(entry.value);
  const numeric = types.numbers?.includes(entry.name) === true;
  return numeric && DECIMAL.test(text) ? text : quoted(entry.value);
}

/** What JSON takes for a number, without fraction and exponent. */
const DECIMAL = /^-?(?:0|[1-9][0-9]*)$/;

function typesWithin({ within, each }: FieldTypes, name: string): FieldTypes {
  const named = within !== undefined && Object.hasOwn(within, name) ? within[name] : undefined;
  return named ?? each ?? {};
}

function quoted(octets: Uint8Array): string {
  try {
    return JSON.stringify(strict.decode(octets));
  } catch {
    return JSON.stringify(latin1(octets));
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
