import { type RegExpStep, regExpProgram } from './regexp-program.ts';

/** An expression of more characters is none that a person wrote. */
const MAX_SOURCE = 2048;

/**
 * A regular expression, without case, whose `test` takes time in proportion to the text, whatever both are: all ways through it are
 * followed side by side, where the language's own would try one after the other, exponentially many of them with `(a|a)*` and too many
 * with `.*.*.*`. Strangers choose the texts that identities are matched with. Texts are ASCII; other characters match nothing.
 */
export class LinearRegExp extends RegExp {
  readonly #program: readonly RegExpStep[];

  /** Throws `SyntaxError` if it does not compile, is too large, or uses what POSIX does not have. */
  constructor(source: string) {
    if (source.length > MAX_SOURCE) throw new SyntaxError('the regular expression is too long');
    super(source, 'i');
    this.#program = regExpProgram(source);
  }

  override test(text: string): boolean {
    const ways = new Ways(this.#program, text.length);
    for (let at = 0; ; at++) {
      ways.begin(at);
      if (ways.found) return true;
      if (at === text.length) return false;
      ways.take(text.charCodeAt(at), at + 1);
    }
  }
}

/** The steps at which a program may be, at one place of a text. */
class Ways {
  readonly #program: readonly RegExpStep[];
  readonly #length: number;
  /** Place of the text, plus 1, at which a step was entered last. */
  readonly #entered: Uint32Array;
  #now: Uint8Array[] = [];
  #following: number[] = [];
  #next: number[] = [];
  found = false;

  constructor(program: readonly RegExpStep[], length: number) {
    this.#program = program;
    this.#length = length;
    this.#entered = new Uint32Array(program.length);
  }

  /** A match may begin at any place. */
  begin(at: number): void {
    this.#enter(0, at);
  }

  /** Goes on with a character, whose end is at a place. */
  take(code: number, end: number): void {
    const sets = this.#now;
    const next = this.#next;
    this.#now = [];
    this.#next = [];
    for (const [i, set] of sets.entries()) if (set[code] === 1) this.#enter(next[i] ?? 0, end);
  }

  #enter(step: number, at: number): void {
    const open = this.#following;
    open.push(step);
    for (let number = open.pop(); number !== undefined; number = open.pop()) {
      const current = this.#program[number];
      if (current === undefined || this.#entered[number] === at + 1) continue;
      this.#entered[number] = at + 1;
      switch (current.kind) {
        case 'take':
          this.#now.push(current.set);
          this.#next.push(number + 1);
          break;
        case 'fork':
          open.push(current.or, current.to);
          break;
        case 'edge':
          if (at === (current.at === 'start' ? 0 : this.#length)) open.push(number + 1);
          break;
        case 'found':
          this.found = true;
      }
    }
  }
}
