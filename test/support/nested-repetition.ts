import { matchAt } from './match-at.ts';

/** A part in parentheses, or all of it. */
interface Group {
  /** The characters it begins and ends with, where those are always the same. */
  first: string | undefined;
  last: string | undefined;
  empty: boolean;
  alternatives: boolean;
  /** The repeated parts in it. */
  readonly repeated: string[];
  readonly start: number;
}

/**
 * Parts of a regular expression that repeat a repetition, so that it may try exponentially many ways before it fails. A
 * repeated part that begins or ends with a character that nothing repeated in it can match, as in `([a-z]+\.)*`, has one way only.
 */
export function nestedRepetitions(source: string): readonly string[] {
  const nested: string[] = [];
  const groups: Group[] = [newGroup(0)];
  for (let i = 0; i < source.length; ) {
    const inner = groups.at(-1);
    const start = i;
    let closed: Group | undefined;
    if (source[i] === '(') {
      i = matchAt(/\((?:\?(?:<?[=!]|<\w+>|:))?/y, source, i).end;
      groups.push(newGroup(start));
      continue;
    }
    if (source[i] === '|') {
      if (inner !== undefined) inner.alternatives = true;
      i++;
      continue;
    }
    if (source[i] === ')') {
      closed = groups.pop();
      i++;
    } else {
      i = matchAt(
        /\[(?:[^\]\\]|\\.)*\]|\\(?:[pP]\{[^}]*\}|u\{?[\da-fA-F]+\}?|x[\da-fA-F]{2}|.)|[\s\S]/y,
        source,
        i,
      ).end;
    }
    const atom = source.slice(closed?.start ?? start, i);
    const quantifier = matchAt(/[*+?]\??|\{\d+(?:,\d*)?\}\??/y, source, i).found;
    const real = /^(?:[*+?]|\{\d)/.test(quantifier) ? quantifier : '';
    i += real.length;
    const unbounded = /^(?:[*+]|\{\d+,\})/.test(real);
    const outer = groups.at(-1);
    if (outer === undefined) return ['unbalanced'];
    if (unbounded && closed !== undefined && closed.repeated.length > 0) {
      const { first, last, repeated, alternatives } = closed;
      const marks = (end: string | undefined): boolean =>
        end !== undefined && !alternatives && repeated.every((part) => !matches(part, end));
      if (!marks(first) && !marks(last)) nested.push(source.slice(closed.start, i));
    }
    if (closed !== undefined) outer.repeated.push(...closed.repeated);
    if (unbounded) outer.repeated.push(atom);
    const fixed = closed === undefined && real === '' ? literal(atom) : undefined;
    if (outer.empty) outer.first = fixed;
    outer.last = fixed;
    outer.empty = false;
  }
  return nested;
}

function newGroup(start: number): Group {
  return {
    first: undefined,
    last: undefined,
    empty: true,
    alternatives: false,
    repeated: [],
    start,
  };
}

/** The one character that an atom stands for. */
function literal(atom: string): string | undefined {
  if (/^\\[^\w]$/.test(atom)) return atom[1];
  return /^[^\\.^$[\]]$/.test(atom) ? atom : undefined;
}

function matches(part: string, character: string): boolean {
  try {
    return new RegExp(part, 'i').test(character);
  } catch {
    return true;
  }
}
