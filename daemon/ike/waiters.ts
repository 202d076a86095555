/** How a request to establish something ended. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly errmsg: string };

/** Those who wait for an IKE_SA (no name) or for one of its CHILD_SAs (by name). */
export class Waiters {
  /** Made when somebody waits first: for most IKE_SAs nobody ever does. */
  #waiting: Map<string | undefined, Set<(outcome: Outcome) => void>> | undefined;

  /** How many wait. */
  get size(): number {
    let size = 0;
    for (const same of this.#waiting?.values() ?? []) size += same.size;
    return size;
  }

  /** Resolves with the outcome, never rejects; once `signal` says that nobody waits any more it is forgotten. */
  add(child: string | undefined, signal?: AbortSignal): Promise<Outcome> {
    return new Promise((resolve) => {
      if (signal?.aborted) return;
      this.#waiting ??= new Map();
      const same = this.#waiting.get(child) ?? new Set();
      this.#waiting.set(child, same);
      same.add(resolve);
      signal?.addEventListener('abort', () => same.delete(resolve), { once: true });
    });
  }

  settle(child: string | undefined, outcome: Outcome): void {
    const waiting = this.#waiting?.get(child);
    if (waiting === undefined) return;
    this.#waiting?.delete(child);
    for (const resolve of waiting) resolve(outcome);
  }

  /** Whoever waits here waits there from now on. */
  moveTo(successor: Waiters): void {
    const moving = this.#waiting;
    this.#waiting = undefined;
    if (moving === undefined) return;
    successor.#waiting ??= new Map();
    for (const [child, waiting] of moving) {
      const same = successor.#waiting.get(child);
      if (same === undefined) successor.#waiting.set(child, waiting);
      else for (const resolve of waiting) same.add(resolve);
    }
  }

  settleAll(outcome: Outcome): void {
    for (const child of [...(this.#waiting?.keys() ?? [])]) this.settle(child, outcome);
  }
}
