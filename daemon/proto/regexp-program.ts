import { type RegExpNode, regExpTree } from './regexp-tree.ts';

/** One step of a program that reads a text; numbers are those of the steps that follow. */
export type RegExpStep =
  /** Takes a character out of a set: octets 0 to 127, 1 for those in it. */
  | { readonly kind: 'take'; readonly set: Uint8Array }
  /** Goes on at both. */
  | { readonly kind: 'fork'; to: number; or: number }
  | { readonly kind: 'edge'; readonly at: 'start' | 'end' }
  | { readonly kind: 'found' };

/** Steps of one expression: matching costs as many of them, at most, for each character. */
const MAX_STEPS = 1024;
/** Parts that are looked at while it is written, those that come to nothing included. */
const MAX_WORK = 16 * MAX_STEPS;

/** The program of a regular expression that compiles. Throws `SyntaxError` if it is too large, or of a kind that POSIX does not know. */
export function regExpProgram(source: string): readonly RegExpStep[] {
  const writer = new ProgramWriter();
  writer.write(regExpTree(source));
  return writer.finish();
}

class ProgramWriter {
  readonly #steps: RegExpStep[] = [];
  #work = 0;

  finish(): readonly RegExpStep[] {
    this.#add({ kind: 'found' });
    return this.#steps;
  }

  write(node: RegExpNode): void {
    if (++this.#work > MAX_WORK) throw tooLarge();
    switch (node.kind) {
      case 'set':
        this.#add({ kind: 'take', set: node.set });
        return;
      case 'edge':
        this.#add(node);
        return;
      case 'sequence':
        for (const part of node.parts) this.write(part);
        return;
      case 'choice':
        this.#choice(node.options);
        return;
      case 'repeat':
        for (let i = 0; i < node.least; i++) this.write(node.part);
        if (node.most === Number.POSITIVE_INFINITY) this.#loop(node.part);
        else this.#optional(node.part, node.most - node.least);
    }
  }

  #choice(options: readonly RegExpNode[]): void {
    const ends: { to: number; or: number }[] = [];
    for (const [i, option] of options.entries()) {
      if (i === options.length - 1) {
        this.write(option);
        break;
      }
      const fork = this.#fork();
      this.write(option);
      ends.push(this.#fork());
      fork.or = this.#steps.length;
    }
    for (const end of ends) end.to = end.or = this.#steps.length;
  }

  #loop(part: RegExpNode): void {
    const begin = this.#steps.length;
    const fork = this.#fork();
    this.write(part);
    const back = this.#fork();
    back.to = back.or = begin;
    fork.or = this.#steps.length;
  }

  #optional(part: RegExpNode, times: number): void {
    const forks: { or: number }[] = [];
    for (let i = 0; i < times; i++) {
      forks.push(this.#fork());
      this.write(part);
    }
    for (const fork of forks) fork.or = this.#steps.length;
  }

  /** Goes on with the step after it; the other way is set later. */
  #fork(): { to: number; or: number } {
    const next = this.#steps.length + 1;
    const fork = { kind: 'fork' as const, to: next, or: next };
    this.#add(fork);
    return fork;
  }

  #add(step: RegExpStep): void {
    if (this.#steps.length >= MAX_STEPS) throw tooLarge();
    this.#steps.push(step);
  }
}

function tooLarge(): SyntaxError {
  return new SyntaxError('the regular expression is too large');
}
