/** Where log text goes. Writing never blocks and never throws: what cannot be taken is dropped and counted. */
export interface LogOutput {
  /** Takes one or more whole lines, each with its newline. */
  write(lines: string): void;
  /** Lines lost so far. */
  readonly dropped: number;
  /** Writes what is waiting, without waiting for a reader, and closes. */
  close(): void;
}

/** Where log entries go that are a datagram each. The same promise as {@link LogOutput}. */
export interface LogDatagrams {
  send(entry: Uint8Array): void;
  /** Entries lost so far. */
  readonly dropped: number;
  close(): void;
}

/** Makes the text, with its newline, that tells of lost lines where writing works again. */
export type LostLines = (lost: number) => string;

/** How a log file is opened. */
export interface LogFileOptions {
  readonly append: boolean;
  /** Hand every line to the system at once instead of gathering those of a moment. */
  readonly flushLine: boolean;
}

/** The outputs of the machine. */
export interface LogOutputs {
  /** Throws an `Error` whose message is the reason alone (`permission denied`). */
  file(path: string, options: LogFileOptions, lostLines: LostLines): LogOutput;
  standard(stream: 'stdout' | 'stderr', lostLines: LostLines): LogOutput;
  /**
   * A way to the local service at `path`, which may come and go: entries wait for it for a while. `notice` makes the entry
   * that tells of lost ones when it takes entries again. Throws an `Error` whose message is the reason if this machine
   * cannot send datagrams.
   */
  datagrams(path: string, notice: (lost: number) => Uint8Array): LogDatagrams;
}
