/** How long one waits for something outside, such as a server that does not answer: until it is over, once for all. */
export class Patience {
  #waiting: Set<() => void> | undefined;
  #over: string | undefined;

  /** Why it ended, `undefined` as long as it lasts. */
  get over(): string | undefined {
    return this.#over;
  }

  /** Ends it; the first reason counts. */
  end(reason: string): void {
    this.#over ??= reason;
    for (const stop of this.#waiting ?? []) stop();
  }

  /** What the promise resolves to, or `undefined` as soon as patience is over; the promise goes on by itself then. */
  wait<T>(promise: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        this.#waiting?.delete(stop);
        resolve(undefined);
      };
      if (this.#over === undefined) {
        this.#waiting ??= new Set();
        this.#waiting.add(stop);
      } else stop();
      promise.then(resolve, reject).finally(stop);
    });
  }
}
