/** Changes to a {@link SessionStore}, in order: a value, or `undefined` for what goes. */
export type SessionChanges = ReadonlyMap<string, Uint8Array | undefined>;

/**
 * Named records that outlive the process, `kill -9` included, and hold keys: what a successor needs to take over IKE_SAs. The
 * values are read during a call and never kept, so that the caller may wipe them. A failing disk is reported by the
 * implementation and never thrown; from then on nothing is left for a successor, because an old record is worse than none.
 */
export interface SessionStore extends Disposable {
  /** What a predecessor left, in no order; handed out once, and the caller's to wipe. */
  takeOver(): ReadonlyMap<string, Uint8Array>;
  /** Makes all of the changes or, if the process dies meanwhile, none; durable against its death when this returns. */
  write(changes: SessionChanges): void;
  /** Nothing is left for a successor: a clean stop. */
  discard(): void;
}
