/** What a key asks for. */
export type KeyAction =
  | 'quit'
  | 'order'
  | 'pause'
  | 'up'
  | 'down'
  | 'page-up'
  | 'page-down'
  | 'home';

const KEYS: ReadonlyMap<string, KeyAction> = new Map<string, KeyAction>([
  ['', 'quit'],
  ['q', 'quit'],
  ['Q', 'quit'],
  ['\x03', 'quit'],
  ['\x04', 'quit'],
  ['s', 'order'],
  [' ', 'pause'],
  ['k', 'up'],
  ['j', 'down'],
  ['\x1b[A', 'up'],
  ['\x1bOA', 'up'],
  ['\x1b[B', 'down'],
  ['\x1bOB', 'down'],
  ['\x1b[5~', 'page-up'],
  ['\x1b[6~', 'page-down'],
  ['\x1b[H', 'home'],
  ['\x1b[1~', 'home'],
  ['g', 'home'],
]);

/** What the keys in a text ask for; an empty text says that nothing can be typed any more. */
export function keyActions(typed: string): readonly KeyAction[] {
  return keysOf(typed).flatMap((key) => KEYS.get(key) ?? []);
}

const ESCAPE = '\x1b';

/** Single keys: an escape sequence (ECMA-48, those of xterm) is one. */
function keysOf(typed: string): readonly string[] {
  if (typed === '') return [''];
  const keys: string[] = [];
  for (let at = 0; at < typed.length; ) {
    const length = typed[at] === ESCAPE ? sequenceLength(typed, at) : 1;
    keys.push(typed.slice(at, at + length));
    at += length;
  }
  return keys;
}

function sequenceLength(typed: string, at: number): number {
  const kind = typed[at + 1];
  if (kind === 'O') return 3;
  if (kind !== '[') return 1;
  let end = at + 2;
  while (end < typed.length && !isFinal(typed.charCodeAt(end))) end++;
  return end + 1 - at;
}

function isFinal(code: number): boolean {
  return code >= 0x40 && code <= 0x7e;
}
