/** A job that waits for its turn in its lane. */
export interface LaneJob {
  /** Resolves when it has run, failed, or was cancelled. */
  readonly done: Promise<void>;
  /** Takes it out of its lane if it has not begun; whether it did. */
  cancel(): boolean;
}

interface Waiting {
  readonly lane: string;
  readonly run: () => Promise<void>;
  readonly finish: () => void;
  begun: boolean;
}

/**
 * Runs jobs in lanes: in each lane one after the other in the order in which they were added, in all at most `limit` at
 * once. A lane that has many jobs waiting gets its turn as often as one that has a single one.
 */
export class Lanes {
  readonly #limit: () => number;
  readonly #onError: (error: unknown) => void;
  /** Jobs that have not ended, by lane; the first one may be running. */
  readonly #lanes = new Map<string, Set<Waiting>>();
  /** Lanes whose first job may begin. */
  readonly #ready = new Set<string>();
  readonly #idle: (() => void)[] = [];
  #running = 0;

  constructor(limit: () => number, onError: (error: unknown) => void) {
    this.#limit = limit;
    this.#onError = onError;
  }

  /** Adds a job at the end of a lane; it never begins within this call. */
  add(lane: string, run: () => Promise<void>): LaneJob {
    const { promise: done, resolve: finish } = Promise.withResolvers<void>();
    const job: Waiting = { lane, run, finish, begun: false };
    const waiting = this.#lanes.get(lane);
    if (waiting !== undefined) {
      waiting.add(job);
    } else {
      this.#lanes.set(lane, new Set([job]));
      this.#ready.add(lane);
      queueMicrotask(() => this.#advance());
    }
    return { done, cancel: () => this.#cancel(job) };
  }

  /** Resolves once nothing runs or waits. */
  settled(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #cancel(job: Waiting): boolean {
    if (job.begun) return false;
    this.#remove(job);
    return true;
  }

  #advance(): void {
    for (const lane of this.#ready) {
      if (this.#running >= this.#limit()) return;
      this.#ready.delete(lane);
      const [job] = this.#lanes.get(lane) ?? [];
      if (job !== undefined) void this.#run(job);
    }
  }

  async #run(job: Waiting): Promise<void> {
    job.begun = true;
    this.#running++;
    try {
      await job.run();
    } catch (error) {
      this.#onError(error);
    }
    this.#running--;
    this.#remove(job);
    if (this.#lanes.has(job.lane)) this.#ready.add(job.lane);
    this.#advance();
  }

  #remove(job: Waiting): void {
    const jobs = this.#lanes.get(job.lane);
    if (jobs?.delete(job) === true) job.finish();
    if (jobs?.size !== 0) return;
    this.#lanes.delete(job.lane);
    this.#ready.delete(job.lane);
    if (this.#lanes.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }
}
