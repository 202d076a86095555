import type { Clock } from '../../contracts/clock.ts';
import { LruMap } from '../../util/lru.ts';

interface Attempt<T> {
  readonly result: T;
  readonly until: number;
}

/**
 * Work that many may ask for: it is done once for all who ask while it runs, and its result counts for a while afterwards, so that a
 * server that is down is not asked by each of a thousand clients.
 */
export class RecentAttempts<T> {
  readonly #clock: Clock;
  readonly #running = new Map<string, Promise<T>>();
  readonly #recent: LruMap<string, Attempt<T>>;

  constructor(clock: Clock, capacity: number) {
    this.#clock = clock;
    this.#recent = new LruMap(capacity);
  }

  /** Work that runs now. */
  get running(): number {
    return this.#running.size;
  }

  /**
   * The result of the work of this name. `keep` says for how many milliseconds it stands in for doing the work again; `work` must
   * not reject.
   */
  run(name: string, work: () => Promise<T>, keep: (result: T) => number): Promise<T> {
    const recent = this.#recent.get(name);
    if (recent !== undefined && recent.until > this.#clock.now()) {
      return Promise.resolve(recent.result);
    }
    const running = this.#running.get(name);
    if (running !== undefined) return running;
    const started = work().then((result) => {
      if (this.#running.get(name) === started) {
        this.#running.delete(name);
        const duration = keep(result);
        if (duration > 0) this.#recent.set(name, { result, until: this.#clock.now() + duration });
        else this.#recent.delete(name);
      }
      return result;
    });
    this.#running.set(name, started);
    return started;
  }

  /** Forgets results, also those of work that still runs. */
  clear(): void {
    this.#running.clear();
    this.#recent.clear();
  }
}
