import type { ReadStream, WriteStream } from 'node:tty';
import type { Screen, TerminalSize } from '../contracts/terminal.ts';

/** The other screen, no cursor, no wrapping of long lines. */
const BEGIN = '\x1b[?1049h\x1b[?25l\x1b[?7l';
/** All of that taken back. */
const END = '\x1b[?7h\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';

/** The terminal of this process to draw on, by the sequences that all terminals of today know (ECMA-48, xterm's private modes). */
export class NodeScreen implements Screen {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  readonly #undo: (() => void)[] = [];

  constructor(input: ReadStream, output: WriteStream) {
    this.#input = input;
    this.#output = output;
    output.write(BEGIN);
    this.#undo.push(() => output.write(END));
    input.setRawMode(true);
    this.#undo.push(() => input.setRawMode(false));
    // However the program ends, the terminal must be usable afterwards.
    const restore = (): void => this[Symbol.dispose]();
    process.once('exit', restore);
    this.#undo.push(() => process.off('exit', restore));
  }

  get size(): TerminalSize {
    const { columns, rows } = this.#output;
    return { columns, rows };
  }

  draw(lines: readonly string[]): void {
    if (this.#output.writableNeedDrain) return;
    const { rows } = this.size;
    // Erased first: after a full line the cursor is still on its last character.
    const shown = lines.slice(0, rows).map((line) => `${REST_OF_LINE}${line}`);
    const below = shown.length < rows ? `\r\n${REST_OF_SCREEN}` : '';
    this.#output.write(`${HOME}${shown.join('\r\n')}${below}`);
  }

  onKeys(handler: (typed: string) => void): void {
    const take = (octets: Uint8Array): void => handler(new TextDecoder().decode(octets));
    const end = (): void => handler('');
    this.#input.on('data', take);
    this.#input.on('end', end);
    this.#input.on('error', end);
    this.#input.resume();
    this.#undo.push(() => {
      this.#input.pause();
      this.#input.off('data', take);
      this.#input.off('end', end);
    });
  }

  onResize(handler: () => void): void {
    this.#output.on('resize', handler);
    this.#undo.push(() => this.#output.off('resize', handler));
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }
}
