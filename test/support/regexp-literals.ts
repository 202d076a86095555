import { matchAt } from './match-at.ts';

/** The regular expressions written in a program text, without flags. */
export function regExpLiterals(text: string): readonly string[] {
  const found: string[] = [];
  /** Depths of braces at which a template goes on. */
  const templates: number[] = [];
  let depth = 0;
  let before = '';
  for (let i = 0; i < text.length; ) {
    const rest = text.slice(i, i + 2);
    const character = text[i] ?? '';
    if (rest === '//' || rest === '/*') {
      const end = rest === '//' ? text.indexOf('\n', i) : text.indexOf('*/', i) + 2;
      i = end <= 1 ? text.length : end;
      continue;
    }
    if (character === "'" || character === '"') {
      i = matchAt(/(['"])(?:[^\\\n]|\\[\s\S])*?\1/y, text, i).end;
      before = 'x';
      continue;
    }
    if (character === '`' || (character === '}' && templates.at(-1) === depth)) {
      if (character === '}') templates.pop();
      const { end, found: part } = matchAt(
        /[`}](?:[^\\`$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y,
        text,
        i,
      );
      if (part.endsWith('${')) templates.push(depth);
      before = part.endsWith('${') ? '{' : 'x';
      i = end;
      continue;
    }
    if (
      character === '/' &&
      /^$|[=(,:;!&|?{}[+~^<>%*-]$|\b(?:return|case|typeof|yield)$/.test(before)
    ) {
      const { end, found: literal } = matchAt(
        /\/((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/[a-z]*/y,
        text,
        i,
      );
      found.push(literal.slice(1, literal.lastIndexOf('/')));
      before = 'x';
      i = end;
      continue;
    }
    if (character === '{') depth++;
    if (character === '}') depth--;
    if (/\S/.test(character))
      before =
        /\w/.test(character) && /\w/.test(text[i - 1] ?? '') ? before + character : character;
    i++;
  }
  return found;
}
