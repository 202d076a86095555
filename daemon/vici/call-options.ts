/** What every call takes besides its input. */
export interface CallOptions {
  /** Gives up the call, also one that runs. */
  readonly signal?: AbortSignal | undefined;
}
