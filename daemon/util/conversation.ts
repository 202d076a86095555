import { resumed } from './waits.ts';

/**
 * A conversation in the order of its ladder: each `yield` of an `Out` says something, and its value is what is heard next. Where
 * something takes time it waits for it with `yield*` of `settled`, as all that `waits.ts` runs do.
 */
export type Script<Out, In> = Generator<Out | Promise<unknown>, void, In>;

/** A script being played: it answers at once, unless it has to wait for something. Its turns follow one another. */
export class Conversation<Out extends object, In> {
  readonly #script: Script<Out, In>;
  #speaking = false;
  /** The turn that waits. */
  #turn: Promise<Out | undefined> | undefined;

  constructor(script: Script<Out, In>) {
    this.#script = script;
  }

  /** What is said after `input` (the first one has its script already); `undefined` if nothing is, and it is over. */
  next(input: In): Out | undefined | Promise<Out | undefined> {
    this.#speaking = true;
    try {
      const step = this.#script.next(input);
      if (step.done === true) return undefined;
      if (!(step.value instanceof Promise)) return step.value;
      this.#turn = this.#wait(step.value);
      return this.#turn;
    } finally {
      this.#speaking = false;
    }
  }

  /** Ends it where it is: what its script has open is closed, after the turn under way. Doing it twice does nothing. */
  end(): undefined | Promise<unknown> {
    if (this.#speaking) return Promise.resolve().then(() => this.end());
    // Closing that waits is a turn too: ending a script in the middle of its `finally` would leave out the rest of that.
    const again = (): undefined | Promise<unknown> => this.end();
    return this.#turn === undefined ? this.#close() : this.#turn.then(again, again);
  }

  #close(): undefined | Promise<unknown> {
    this.#speaking = true;
    try {
      const { value } = this.#script.return();
      if (!(value instanceof Promise)) return undefined;
      this.#turn = this.#wait(value);
      return this.#turn;
    } finally {
      this.#speaking = false;
    }
  }

  async #wait(pending: Promise<unknown>): Promise<Out | undefined> {
    try {
      let step = await resumed(this.#script, pending);
      while (step.value instanceof Promise) step = await resumed(this.#script, step.value);
      return step.done === true ? undefined : step.value;
    } finally {
      this.#turn = undefined;
    }
  }
}
