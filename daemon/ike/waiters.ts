/** How a request to establish something ended. */
export type Outcome = { readonly ok: true } | { readonly ok: false; readonly errmsg: string };

/** Those who wait for an IKE_SA (no name) or for one of its CHILD_SAs (by name). */
export class Waiters {
  /** Made when somebody waits first: for most IKE_SAs nobody ever does. */
  #waiting: Map<string | undefined, ((outcome: Outcome) => void)[]> | undefined;

  /** Resolves with the outcome; never rejects. */
  add(child: string | undefined): Promise<Outcome> {
    return new Promise((resolve) => {
      this.#waiting ??= new Map();
      const same = this.#waiting.get(child);
      if (same === undefined) this.#waiting.set(child, [resolve]);
      else same.push(resolve);
    });
  }

  settle(child: string | undefined, outcome: Outcome): void {
    const waiting = this.#waiting?.get(child);
    if (waiting === undefined) return;
    this.#waiting?.delete(child);
    for (const resolve of waiting) resolve(outcome);
  }

  settleAll(outcome: Outcome): void {
    for (const child of [...(this.#waiting?.keys() ?? [])]) this.settle(child, outcome);
  }
}
