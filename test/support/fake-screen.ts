import type { Screen, TerminalSize } from '../../daemon/contracts/terminal.ts';

/** A screen that keeps what was drawn last, and a person at it. */
export class FakeScreen implements Screen {
  size: TerminalSize;
  /** Without the sequences that make text bold or inverse. */
  lines: readonly string[] = [];
  frames = 0;
  disposed = false;
  #keys: (typed: string) => void = () => undefined;
  #resized: () => void = () => undefined;

  constructor(columns: number, rows: number) {
    this.size = { columns, rows };
  }

  draw(lines: readonly string[]): void {
    this.lines = lines.map(plainLine);
    this.frames++;
  }

  onKeys(handler: (typed: string) => void): void {
    this.#keys = handler;
  }

  onResize(handler: () => void): void {
    this.#resized = handler;
  }

  type(typed: string): void {
    this.#keys(typed);
  }

  resize(columns: number, rows: number): void {
    this.size = { columns, rows };
    this.#resized();
  }

  [Symbol.dispose](): void {
    this.disposed = true;
  }
}

/** A line without what makes it bold or inverse. */
export function plainLine(line: string): string {
  return line.replaceAll(/\p{Cc}\[[0-9]*m/gu, '');
}
