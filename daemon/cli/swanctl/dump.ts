import type { Tree } from '../../config/tree.ts';
import { latin1 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';

/** How an answer is dumped instead of being laid out: on one line, indented, or as JSON. */
export type DumpForm = 'raw' | 'pretty' | 'json';

/** A message as `--raw` or `--pretty` print it; ends with a newline. */
export function dump(label: string, tree: Tree, form: 'raw' | 'pretty'): string {
  if (form === 'raw') return `${label} {${rawEntries(tree)}}\n`;
  return `${label} {\n${prettyEntries(tree, 1)}}\n`;
}

function rawEntries(tree: Tree): string {
  return tree
    .map((entry) => {
      if (entry.kind === 'value') return `${entry.name}=${printable(entry.value)}`;
      if (entry.kind === 'list') return `${entry.name}=[${entry.items.map(printable).join(' ')}]`;
      return `${entry.name} {${rawEntries(entry.entries)}}`;
    })
    .join(' ');
}

function prettyEntries(tree: Tree, depth: number): string {
  const indent = '  '.repeat(depth);
  let text = '';
  for (const entry of tree) {
    if (entry.kind === 'value') text += `${indent}${entry.name} = ${printable(entry.value)}\n`;
    else if (entry.kind === 'list') {
      const items = entry.items.map((item) => `${indent}  ${printable(item)}\n`).join('');
      text += `${indent}${entry.name} = [\n${items}${indent}]\n`;
    } else {
      text += `${indent}${entry.name} {\n${prettyEntries(entry.entries, depth + 1)}${indent}}\n`;
    }
  }
  return text;
}

/** Values that are no printable ASCII are written in hexadecimal. */
function printable(octets: Uint8Array): string {
  for (const octet of octets) if (octet < 0x20 || octet > 0x7e) return `0x${toHex(octets)}`;
  return latin1(octets);
}
