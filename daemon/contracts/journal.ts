/**
 * A set of short texts that outlives the process, `kill -9` included: what is about to exist outside of it and
 * must be cleaned up by the next one. Records hold no line breaks and no secrets. Every call is durable against the
 * death of the process when it returns; a failing disk is reported by the implementation and never thrown, because
 * the tunnel matters more than the note about it.
 */
export interface StateJournal extends Disposable {
  /** Every record added and not yet removed, by this process or one before it, oldest first. */
  recorded(): readonly string[];
  /** Adding a record twice is adding it once. */
  add(record: string): void;
  remove(record: string): void;
  clear(): void;
}
