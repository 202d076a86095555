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
  readonly size: { readonly columns: number; readonly rows: number } | undefined;
}
