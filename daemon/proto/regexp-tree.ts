/** A part of a regular expression. */
export type RegExpNode =
  /** One character out of a set: octets 0 to 127, 1 for those in it. */
  | { readonly kind: 'set'; readonly set: Uint8Array }
  | { readonly kind: 'edge'; readonly at: 'start' | 'end' }
  | { readonly kind: 'sequence'; readonly parts: readonly RegExpNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegExpNode[] }
  | {
      readonly kind: 'repeat';
      readonly part: RegExpNode;
      readonly least: number;
      /** May be infinite. */
      readonly most: number;
    };

const MAX_DEPTH = 64;
const CHARACTERS = 128;

/**
 * Takes a regular expression apart that was made of a POSIX one, and so compiles and has no references, assertions or classes outside of
 * brackets. Throws `SyntaxError` for those, and if it is nested too deep.
 */
export function regExpTree(source: string): RegExpNode {
  return new TreeReader(source).choice(0);
}

class TreeReader {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  choice(depth: number): RegExpNode {
    if (depth > MAX_DEPTH) throw new SyntaxError('too many parentheses in one another');
    const options = [this.#sequence(depth)];
    while (this.#source[this.#at] === '|') {
      this.#at++;
      options.push(this.#sequence(depth));
    }
    return { kind: 'choice', options };
  }

  #sequence(depth: number): RegExpNode {
    const parts: RegExpNode[] = [];
    for (;;) {
      const next = this.#source[this.#at];
      if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts };
      const part = this.#part(next, depth);
      const quantifier = this.#match(/[*+?]\??|\{\d+(?:,\d*)?\}\??/y);
      parts.push(quantifier === undefined ? part : repeated(part, quantifier));
    }
  }

  #part(next: string, depth: number): RegExpNode {
    if (next === '^' || next === '$') {
      this.#at++;
      return { kind: 'edge', at: next === '^' ? 'start' : 'end' };
    }
    if (next === '(') {
      if (this.#source[this.#at + 1] === '?') throw new SyntaxError('(? is not POSIX');
      this.#at++;
      const group = this.choice(depth + 1);
      this.#at++;
      return group;
    }
    const atom = this.#match(/\[(?:[^\]\\]|\\[\s\S])*\]|\\[^\w]|[^\\]/y);
    if (atom === undefined) throw new SyntaxError('an escaped letter is not POSIX');
    return { kind: 'set', set: setOf(atom) };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#source) ?? [];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function repeated(part: RegExpNode, quantifier: string): RegExpNode {
  const [least, most] = timesOf(quantifier);
  return { kind: 'repeat', part, least, most };
}

function timesOf(quantifier: string): readonly [least: number, most: number] {
  switch (quantifier[0]) {
    case '*':
      return [0, Number.POSITIVE_INFINITY];
    case '+':
      return [1, Number.POSITIVE_INFINITY];
    case '?':
      return [0, 1];
    default: {
      const [, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(quantifier) ?? [];
      const fewest = Number(least);
      if (comma === '') return [fewest, fewest];
      return [fewest, most === '' ? Number.POSITIVE_INFINITY : Number(most)];
    }
  }
}

// What a single one means is known to the language.
function setOf(atom: string): Uint8Array {
  const single = new RegExp(/^[{}\]]$/.test(atom) ? `\\${atom}` : atom, 'i');
  return Uint8Array.from({ length: CHARACTERS }, (_, code) =>
    Number(single.test(String.fromCharCode(code))),
  );
}
