import { ConfigError } from '../util/error.ts';
import { type ConfPosition, printPosition } from './conf-tree.ts';

/** Reads a text character by character and knows where it is. */
export class ConfCursor {
  readonly file: string;
  readonly #text: string;
  #offset = 0;
  #line = 1;
  #lineStart = 0;

  constructor(file: string, text: string) {
    this.file = file;
    this.#text = text;
  }

  /** The character at the cursor, empty at the end. */
  get char(): string {
    return this.#text.charAt(this.#offset);
  }

  get atEnd(): boolean {
    return this.#offset >= this.#text.length;
  }

  get position(): ConfPosition {
    return { file: this.file, line: this.#line, column: this.#offset - this.#lineStart + 1 };
  }

  advance(): void {
    if (this.char === '\n') {
      this.#line++;
      this.#lineStart = this.#offset + 1;
    }
    this.#offset++;
  }

  /** Takes characters as long as they are (or, inverted, are not) among `set`; none of them a newline. */
  takeWhile(accept: (char: string) => boolean): string {
    const start = this.#offset;
    while (!this.atEnd && accept(this.char)) this.#offset++;
    return this.#text.slice(start, this.#offset);
  }

  skipBlanks(): void {
    this.takeWhile((char) => char === ' ' || char === '\t' || char === '\r');
  }

  /** Skips blanks, newlines and comments. */
  skipSpace(): void {
    for (;;) {
      this.skipBlanks();
      if (this.char === '#') this.takeWhile((char) => char !== '\n');
      if (this.char !== '\n') return;
      this.advance();
    }
  }

  /** What stands at the cursor, for a message. */
  found(): string {
    if (this.atEnd) return 'the end of the file';
    if (this.char === '\n') return 'the end of the line';
    if (this.char === '\ufffd') return 'octets that are no UTF-8';
    const code = this.char.charCodeAt(0);
    const shown = code > 0x20 && code < 0x7f ? `'${this.char}'` : undefined;
    return shown ?? (code === 0x20 ? "' '" : `character U+${hex4(code)}`);
  }

  /** Ends reading with an error at a place, here if no other is given. */
  fail(message: string, position: ConfPosition = this.position): never {
    const where = printPosition(position);
    throw new ConfigError(where, `${where}: ${message}`);
  }
}

function hex4(code: number): string {
  return code.toString(16).toUpperCase().padStart(4, '0');
}
