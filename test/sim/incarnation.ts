import type { Clock } from '../../daemon/contracts/clock.ts';
import type { StateJournal } from '../../daemon/contracts/journal.ts';
import type { SessionStore } from '../../daemon/contracts/session-store.ts';
import type { FakeKernel } from './fake-kernel.ts';

/** What one run of a daemon may touch; after {@link Incarnation.end} it touches nothing any more, as if killed. */
export class Incarnation {
  #alive = true;

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** A clock whose timers die with the run. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wallClock: () => clock.wallClock(),
      after: (delay, action) =>
        clock.after(delay, () => {
          if (this.#alive) action();
        }),
    };
  }

  /** A kernel that never answers a dead process. */
  kernel(kernel: FakeKernel): FakeKernel {
    return new Proxy(kernel, {
      get: (inner, key) => {
        const value: unknown = Reflect.get(inner, key, inner);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown =>
          this.#alive ? Reflect.apply(value, inner, args) : new Promise(() => undefined);
      },
    });
  }

  /** A session store into which a dead process writes nothing. */
  sessions(store: SessionStore): SessionStore {
    return {
      takeOver: () => store.takeOver(),
      write: (changes) => {
        if (this.#alive) store.write(changes);
      },
      discard: () => {
        if (this.#alive) store.discard();
      },
      [Symbol.dispose]: () => undefined,
    };
  }

  /** A journal into which a dead process writes nothing. */
  journal(journal: StateJournal): StateJournal {
    const whileAlive =
      <A extends unknown[]>(action: (...args: A) => void) =>
      (...args: A): void => {
        if (this.#alive) action(...args);
      };
    return {
      recorded: () => journal.recorded(),
      add: whileAlive((record: string) => journal.add(record)),
      remove: whileAlive((record: string) => journal.remove(record)),
      clear: whileAlive(() => journal.clear()),
      [Symbol.dispose]: () => undefined,
    };
  }
}
