/** How large a terminal is, in characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal as something to draw on; disposing it gives the terminal back as it was. */
export interface Screen extends Disposable {
  readonly size: TerminalSize;
  /** Shows these lines instead of those before; whatever is too long is cut off. Left out as long as the terminal is busy. */
  draw(lines: readonly string[]): void;
  /** Calls back with what is typed, as the terminal sends it, and with an empty text once nothing can come any more. */
  onKeys(handler: (typed: string) => void): void;
  /** Calls back when the size has changed. */
  onResize(handler: () => void): void;
}

/** Where a program that a person types reads and writes. */
export interface Terminal {
  /** Writes to stdout; texts are UTF-8. */
  out(text: string | Uint8Array): void;
  /** Writes to stderr. */
  error(text: string): void;
  /** Asks on the terminal for a line that is not shown; `undefined` if there is nobody to ask. */
  askSecret(question: string): Promise<Uint8Array | undefined>;
  /** Aborted when the person interrupts the program. */
  readonly interrupted: AbortSignal;
  /** Columns and rows, if stdout is a terminal. */
  readonly size: TerminalSize | undefined;
  /** Takes the whole terminal to draw on; `undefined` if stdout or stdin is none. */
  screen(): Screen | undefined;
}
