import type { NameServer, NameServerHandler } from '../../daemon/contracts/name-servers.ts';

/** One way to tell this host about DNS servers. */
export interface NameServerBackend {
  /** What it changes, for the log. */
  readonly target: string;
  /**
   * Puts exactly `wanted` into force, first before last, and takes `gone` out; what others entered stays. Doing it twice
   * changes nothing. Rejects with what went wrong.
   */
  apply(wanted: readonly NameServer[], gone: readonly NameServer[]): Promise<void>;
}

/** Makes one change after the other; the last server added goes behind the others. */
export class SerialNameServers implements NameServerHandler {
  readonly target: string;
  readonly #backend: NameServerBackend;
  #servers: readonly NameServer[] = [];
  #last: Promise<void> = Promise.resolve();

  constructor(backend: NameServerBackend) {
    this.#backend = backend;
    this.target = backend.target;
  }

  add(server: NameServer): Promise<void> {
    return this.#after(() => this.#change([...this.#without(server), server], []));
  }

  remove(server: NameServer): Promise<void> {
    return this.#after(() => this.#change(this.#without(server), [server]));
  }

  #without({ address }: NameServer): readonly NameServer[] {
    return this.#servers.filter((other) => other.address !== address);
  }

  // What failed is not remembered as done: the next change puts it right.
  async #change(wanted: readonly NameServer[], gone: readonly NameServer[]): Promise<void> {
    const before = this.#servers;
    this.#servers = wanted;
    try {
      await this.#backend.apply(wanted, gone);
    } catch (error) {
      this.#servers = before;
      throw error;
    }
  }

  #after(change: () => Promise<void>): Promise<void> {
    const done = this.#last.then(change);
    this.#last = done.catch(() => {});
    return done;
  }
}
