/** Runs jobs of one key one after the other, in the order they came; jobs of other keys do not wait for them. */
export class KeyedSerial {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Keys with a job that runs or waits. */
  get size(): number {
    return this.#last.size;
  }

  /** Resolves or rejects as the job does. */
  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? job() : before.then(job, job);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
