import { latin1Octets } from './broken-configs/broken-file.ts';
import { mutate } from './mutate.ts';

/** What is put somewhere into a text: what the syntaxes mean something by, and what is no text. */
const PIECES = [
  ...'{}="#:,.\\\'\n\r\t \0\u00fc',
  '\r\n',
  '"\\"',
  ' = ',
  ' : base ',
  'include x.conf\n',
  'x'.repeat(300),
  '%any',
  '0x',
  '-1',
  '99999999999999999999',
  '^[$',
];

/** Octets of a text with a few mistakes in it, of the kinds that people and broken disks make. */
export function mutateText(text: string, below: (bound: number) => number): Uint8Array {
  let changed = text;
  for (let changes = 1 + below(2); changes > 0; changes--) changed = once(changed, below);
  const octets = latin1Octets(changed);
  return below(8) === 0 ? mutate(octets, below) : octets;
}

function once(text: string, below: (bound: number) => number): string {
  const lines = text.split('\n');
  const [i, j] = [below(lines.length), below(lines.length)];
  const at = below(text.length + 1);
  switch (below(8)) {
    case 0:
      return lines.toSpliced(i, 1).join('\n');
    case 1:
      return lines.toSpliced(i, 0, lines[j] ?? '').join('\n');
    case 2:
      return lines
        .with(i, lines[j] ?? '')
        .with(j, lines[i] ?? '')
        .join('\n');
    case 3:
      return replaceWord(text, below);
    case 4:
      return text.slice(0, at);
    case 5:
      return text.slice(0, at) + text.slice(at + 1 + below(6));
    case 6:
      return text.slice(0, at) + text.charAt(at + 1) + text.charAt(at) + text.slice(at + 2);
    default:
      return text.slice(0, at) + (PIECES[below(PIECES.length)] ?? '') + text.slice(at);
  }
}

/** One word in the place of another one. */
function replaceWord(text: string, below: (bound: number) => number): string {
  const words = [...text.matchAll(/[^\s{}=",#]+/g)];
  const [from, to] = [words[below(words.length)], words[below(words.length)]];
  if (from === undefined || to === undefined) return text;
  return text.slice(0, from.index) + to[0] + text.slice(from.index + from[0].length);
}
