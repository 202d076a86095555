/** How many may be under way, in all and to one host, and how many may wait. */
export interface TurnLimits {
  readonly atOnce: number;
  readonly perHost: number;
  readonly waiting: number;
}

interface Waiting {
  readonly host: string;
  readonly start: () => void;
}

/** Turns for fetches. A host that answers nothing keeps its own share of them busy and no other's. */
export class Turns {
  readonly #limits: TurnLimits;
  readonly #byHost = new Map<string, number>();
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Resolves with what ends the turn, or at once with `undefined` if too many wait, and when the signal is aborted. */
  take(host: string, signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#mayRun(host)) return Promise.resolve(this.#begin(host));
    if (this.#waiting.size >= this.#limits.waiting) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.delete(waiting);
        resolve(undefined);
      };
      const waiting: Waiting = {
        host,
        start: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(this.#begin(host));
        },
      };
      signal.addEventListener('abort', onAbort);
      this.#waiting.add(waiting);
    });
  }

  #mayRun(host: string): boolean {
    return (
      this.#running < this.#limits.atOnce && (this.#byHost.get(host) ?? 0) < this.#limits.perHost
    );
  }

  #begin(host: string): () => void {
    this.#running++;
    this.#byHost.set(host, (this.#byHost.get(host) ?? 0) + 1);
    let ended = false;
    return () => {
      if (ended) return;
      ended = true;
      this.#running--;
      const left = (this.#byHost.get(host) ?? 1) - 1;
      if (left === 0) this.#byHost.delete(host);
      else this.#byHost.set(host, left);
      this.#advance();
    };
  }

  #advance(): void {
    for (const waiting of this.#waiting) {
      if (this.#running >= this.#limits.atOnce) return;
      if (!this.#mayRun(waiting.host)) continue;
      this.#waiting.delete(waiting);
      waiting.start();
    }
  }
}
