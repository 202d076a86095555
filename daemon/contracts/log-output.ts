/** Where log text goes. Writing never blocks and never throws: what cannot be taken is dropped and counted. */
export interface LogOutput {
  /** Takes one or more whole lines, each with its newline. */
  write(lines: string): void;
  /** Lines lost so far. */
  readonly dropped: number;
  /** Writes what is waiting, without waiting for a reader, and closes. */
  close(): void;
}

/** How a log file is opened. */
export interface LogFileOptions {
  readonly append: boolean;
  /** Hand every line to the system at once instead of gathering those of a moment. */
  readonly flushLine: boolean;
}

/** The outputs of the machine. */
export interface LogOutputs {
  /** Throws an `Error` whose message is the reason alone (`permission denied`). */
  file(path: string, options: LogFileOptions): LogOutput;
  standard(stream: 'stdout' | 'stderr'): LogOutput;
}
