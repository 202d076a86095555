import type { Clock, Timer } from '../../daemon/contracts/clock.ts';
import type { DatagramTransport, InboundDatagram } from '../../daemon/contracts/datagram.ts';
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
  #stopped = false;
  #datagram: (datagram: InboundDatagram) => void = () => undefined;
  /** What came in, and what was due, while the process was stopped. */
  #waiting: InboundDatagram[] = [];
  #overdue: (() => void)[] = [];

  constructor(moment: Moment = () => undefined) {
    this.#moment = moment;
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
  }

  /** SIGSTOP: nothing is received and nothing happens, while time passes. */
  stop(): void {
    this.#stopped = true;
  }

  /** SIGCONT: what waits in the sockets is handled first, as the clock promises, then whatever is overdue. */
  resume(): void {
    this.#stopped = false;
    for (const datagram of this.#waiting.splice(0)) this.#datagram(datagram);
    for (const action of this.#overdue.splice(0)) action();
  }

  /** A clock whose timers die with the run. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      wallClock: () => clock.wallClock(),
      after: (delay, action) => this.#timer(clock, delay, action),
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
      onDatagram: (handler) => {
        this.#datagram = handler;
        transport.onDatagram((datagram) => {
          if (!this.#stopped) handler(datagram);
          else this.#waiting.push({ ...datagram, data: Uint8Array.from(datagram.data) });
        });
      },
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

  #timer(clock: Clock, delay: number, action: () => void): Timer {
    let cancelled = false;
    const run = (): void => {
      if (this.#alive && !cancelled) action();
    };
    const timer = clock.after(delay, () => {
      if (this.#stopped) this.#overdue.push(run);
      else run();
    });
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
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
