/** How many jobs wait in all mailboxes that share it. */
export interface JobLoad {
  queued: number;
}

/**
 * A queue of jobs run strictly one after the other, in the order they were posted. A job that throws or
 * rejects is handed to `onError` and the next one runs all the same.
 */
export class Mailbox {
  readonly #jobs: (() => void | Promise<void>)[] = [];
  readonly #onError: (error: unknown) => void;
  readonly #afterEach: (() => void) | undefined;
  readonly #load: JobLoad | undefined;
  #running = false;
  #closed = false;

  /** `afterEach` runs after every job, also one that failed. */
  constructor(onError: (error: unknown) => void, afterEach?: () => void, load?: JobLoad) {
    this.#load = load;
    this.#onError = onError;
    this.#afterEach = afterEach;
  }

  /** Jobs waiting, the one that is running not counted. */
  get pending(): number {
    return this.#jobs.length;
  }

  get busy(): boolean {
    return this.#running;
  }

  /** Queues a job; it starts at once if the mailbox is idle. After {@link close} it is dropped. */
  post(job: () => void | Promise<void>): void {
    if (this.#closed) return;
    this.#jobs.push(job);
    if (this.#load !== undefined) this.#load.queued++;
    if (!this.#running) this.#run();
  }

  /** Drops what waits and everything posted later; the job that runs is not interrupted. */
  close(): void {
    this.#closed = true;
    if (this.#load !== undefined) this.#load.queued -= this.#jobs.length;
    this.#jobs.length = 0;
  }

  // Synchronous jobs run in one sweep without a microtask each: a whole handshake step costs no await.
  #run(): void {
    this.#running = true;
    for (let job = this.#take(); job !== undefined; job = this.#take()) {
      try {
        const outcome = job();
        if (outcome instanceof Promise) {
          outcome.catch(this.#onError).then(() => this.#next(), this.#onError);
          return;
        }
      } catch (error) {
        this.#onError(error);
      }
      this.#after();
    }
    this.#running = false;
  }

  #take(): (() => void | Promise<void>) | undefined {
    const job = this.#jobs.shift();
    if (job !== undefined && this.#load !== undefined) this.#load.queued--;
    return job;
  }

  #next(): void {
    this.#after();
    this.#run();
  }

  #after(): void {
    if (this.#afterEach === undefined) return;
    try {
      this.#afterEach();
    } catch (error) {
      this.#onError(error);
    }
  }
}
