import { LinearRegExp } from './linear-regexp.ts';

const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\s',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  print: ' -~',
  graph: '!-~',
  cntrl: '\\x00-\\x1f\\x7f',
};

/**
 * A POSIX extended regular expression as one of this language, without case. Throws `SyntaxError` if it does
 * not compile. Bracket expressions take a backslash literally and may hold `[:class:]`, as POSIX says.
 */
export function posixRegExp(source: string): RegExp {
  let translated = '';
  for (let i = 0; i < source.length; ) {
    const character = source[i] ?? '';
    if (character === '[') {
      const bracket = bracketExpression(source, i);
      translated += bracket.translated;
      i = bracket.end;
    } else if (character === '\\') {
      const escaped = source[i + 1];
      if (escaped === undefined) throw new SyntaxError('trailing backslash');
      translated += /[A-Za-z0-9]/.test(escaped) ? escaped : `\\${escaped}`;
      i += 2;
    } else if (source.startsWith('(?', i)) {
      throw new SyntaxError('(? is not POSIX');
    } else {
      translated += character;
      i++;
    }
  }
  return new LinearRegExp(translated);
}

function bracketExpression(
  source: string,
  start: number,
): { readonly translated: string; readonly end: number } {
  let i = start + 1;
  let translated = '[';
  if (source[i] === '^') {
    translated += '^';
    i++;
  }
  for (let first = true; first || source[i] !== ']'; first = false) {
    const name = /^\[:([a-z]+):\]/.exec(source.slice(i, i + 12))?.[1];
    if (name !== undefined) {
      const members = CLASSES[name];
      if (members === undefined) throw new SyntaxError(`unknown class ${name}`);
      translated += members;
      i += name.length + 4;
      continue;
    }
    const character = source[i];
    if (character === undefined) throw new SyntaxError('unclosed bracket');
    translated += /[\\\]^[]/.test(character) ? `\\${character}` : character;
    i++;
  }
  return { translated: `${translated}]`, end: i + 1 };
}
