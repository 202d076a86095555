/** Whose turn it is; disposing of it lets the next one in. */
export type Turn = Disposable;

interface Waiting {
  readonly begin: () => void;
}

/** One after the other, in the order in which they came. */
export class Turns {
  readonly #waiting = new Set<Waiting>();
  readonly #onChange: () => void;
  #busy = false;

  /** `onChange` is called whenever somebody comes, is let in or leaves. */
  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** How many wait behind the one whose turn it is. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Resolves when it is the caller's turn; rejects with the signal's reason if that comes first. */
  take(signal?: AbortSignal): Promise<Turn> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const leave = (): void => {
        this.#waiting.delete(entry);
        reject(signal?.reason);
        this.#onChange();
      };
      const entry: Waiting = {
        begin: () => {
          signal?.removeEventListener('abort', leave);
          resolve(this.#turn());
        },
      };
      signal?.addEventListener('abort', leave, { once: true });
      this.#waiting.add(entry);
      this.#next();
    });
  }

  #turn(): Turn {
    let over = false;
    return {
      [Symbol.dispose]: () => {
        if (over) return;
        over = true;
        this.#busy = false;
        this.#next();
      },
    };
  }

  #next(): void {
    const [first] = this.#waiting;
    if (first !== undefined && !this.#busy) {
      this.#waiting.delete(first);
      this.#busy = true;
      first.begin();
    }
    this.#onChange();
  }
}
