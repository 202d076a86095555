import type { Clock } from '../../daemon/contracts/clock.ts';
import type { DatagramTransport } from '../../daemon/contracts/datagram.ts';
import type { StateJournal } from '../../daemon/contracts/journal.ts';
import type { SessionStore } from '../../daemon/contracts/session-store.ts';
import type { FakeKernel } from './fake-kernel.ts';

/** Told before and after everything that a daemon does to the outside: the moments at which it may be killed. */
export type Moment = (what: string) => void;

/** Calls of a kernel that change nothing. */
const ASKING =
  /^(?:supports|query|list|onEvent|onChange|route$|addresses|xfrmInterface|calls|sas|policies)/;

/** What one run of a daemon may touch; after {@link Incarnation.end} it touches nothing any more, as if killed. */
export class Incarnation {
  readonly #moment: Moment;
  #alive = true;

  constructor(moment: Moment = () => undefined) {
    this.#moment = moment;
  }

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
        const changes = typeof key === 'string' && !ASKING.test(key);
        return (...args: unknown[]): unknown => {
          if (changes) this.#pass(`kernel ${key}`);
          if (!this.#alive) return new Promise(() => undefined);
          const result: unknown = Reflect.apply(value, inner, args);
          return changes && result instanceof Promise ? this.#answer(result, key) : result;
        };
      },
    });
  }

  /** Sockets through which a dead process says nothing. */
  transport(transport: DatagramTransport): DatagramTransport {
    return {
      ikePort: transport.ikePort,
      nattPort: transport.nattPort,
      onDatagram: (handler) => transport.onDatagram(handler),
      send: (...args) => this.#step('send', () => transport.send(...args)),
      [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
    };
  }

  /** A session store into which a dead process writes nothing. */
  sessions(store: SessionStore): SessionStore {
    return {
      takeOver: () => store.takeOver(),
      write: (changes) => this.#step('session write', () => store.write(changes)),
      discard: () => this.#step('session discard', () => store.discard()),
      [Symbol.dispose]: () => undefined,
    };
  }

  /** A journal into which a dead process writes nothing. */
  journal(journal: StateJournal): StateJournal {
    return {
      recorded: () => journal.recorded(),
      add: (record) => this.#step('journal add', () => journal.add(record)),
      remove: (record) => this.#step('journal remove', () => journal.remove(record)),
      clear: () => this.#step('journal clear', () => journal.clear()),
      [Symbol.dispose]: () => undefined,
    };
  }

  #step(what: string, action: () => void): void {
    this.#pass(what);
    if (this.#alive) action();
    this.#pass(`${what}, done`);
  }

  #pass(what: string): void {
    if (this.#alive) this.#moment(what);
  }

  async #answer(result: Promise<unknown>, key: string): Promise<unknown> {
    const value = await result;
    this.#pass(`kernel ${key}, done`);
    return this.#alive ? value : new Promise(() => undefined);
  }
}
