/** A command line to run for the operator. */
export interface CommandRequest {
  /** Given to `/bin/sh -c` as it is: only the operator's configuration may be in it, never anything a peer said. */
  readonly command: string;
  /** The whole environment but `PATH`, which is inherited. */
  readonly environment: Readonly<Record<string, string>>;
  /** Milliseconds after which it is ended with everything it started. */
  readonly timeLimit: number;
  /** What it writes to stdout and stderr, as it comes. */
  readonly onOutput: (octets: Uint8Array) => void;
}

/** How a command ended. */
export type CommandEnd =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'killed'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'not-started'; readonly reason: string };

/** Processes beside the daemon. */
export interface Processes {
  /** Runs a command with empty stdin; waits for the command alone, not for what it leaves behind. Never rejects. */
  run(request: CommandRequest): Promise<CommandEnd>;
}
