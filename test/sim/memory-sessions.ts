import type { SessionChanges, SessionStore } from '../../daemon/contracts/session-store.ts';

/** A session store that outlives its daemons, as a file in a tmpfs outlives its processes. */
export class MemorySessions implements SessionStore {
  readonly records = new Map<string, Uint8Array>();
  /** Writes so far. */
  writes = 0;

  takeOver(): ReadonlyMap<string, Uint8Array> {
    return new Map([...this.records].map(([key, value]) => [key, value.slice()]));
  }

  write(changes: SessionChanges): void {
    this.writes += 1;
    for (const [key, value] of changes) {
      if (value === undefined) this.records.delete(key);
      else this.records.set(key, value.slice());
    }
  }

  discard(): void {
    this.records.clear();
  }

  [Symbol.dispose](): void {}
}
