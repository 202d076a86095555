import type { StateJournal } from '../contracts/journal.ts';
import type { Logger } from '../contracts/logger.ts';
import type { NameServer, NameServerHandler } from '../contracts/name-servers.ts';
import { errorText } from '../util/error.ts';
import { nameServerOfRecord, nameServerRecord } from './records.ts';
import { SharedObjects } from './shared-objects.ts';

export interface NameServerDeps {
  /** Absent where nothing may be changed. */
  readonly handler: NameServerHandler | undefined;
  readonly journal: StateJournal;
  readonly logger: Logger;
}

/**
 * DNS servers that gateways assigned to this host: in force as long as anybody uses them, in the journal so that a
 * successor removes them. Nobody waits for a program that does this, and its failures are only logged: a tunnel works
 * without names.
 */
export class NameServers {
  readonly #deps: NameServerDeps;
  readonly #places: SharedObjects<NameServer> | undefined;
  /** What a predecessor left, by its record in the journal. */
  readonly #left = new Map<string, NameServer>();

  constructor(deps: NameServerDeps) {
    const { handler, journal, logger } = deps;
    this.#deps = deps;
    if (handler === undefined) return;
    this.#places = new SharedObjects<NameServer>(
      {
        keyOf: ({ address }) => address,
        choose: (wishes) => wishes[0] as NameServer,
        recordOf: nameServerRecord,
        same: (a, b) => nameServerRecord(a) === nameServerRecord(b),
        put: async (server, replaced) => {
          logger.log('ike', 1, `installing DNS server ${server.address} to ${handler.target}`);
          if (replaced !== undefined) await handler.remove(replaced);
          await handler.add(server);
        },
        drop: async (server) => {
          logger.log('ike', 1, `removing DNS server ${server.address} from ${handler.target}`);
          await handler.remove(server);
        },
      },
      journal,
    );
  }

  /** Whether servers would be put into force at all: only then it makes sense to ask for them. */
  get active(): boolean {
    return this.#places !== undefined;
  }

  /** Learns what a killed predecessor left; {@link use} until {@link settle} says that it is still wanted. */
  start(): void {
    for (const record of this.#deps.journal.recorded()) {
      const server = nameServerOfRecord(record);
      if (server === undefined) continue;
      this.#left.set(record, server);
      this.#places?.found(server);
    }
  }

  /** Takes out what a predecessor left and nobody uses, and makes sure of the rest. */
  async settle(): Promise<void> {
    const { handler, journal } = this.#deps;
    const kept = this.#places?.records() ?? new Set();
    await this.#places?.settle();
    for (const [record, server] of handler === undefined ? [] : this.#left) {
      if (kept.has(record)) await this.#attempt('installing', async () => handler?.add(server));
      else if (await this.#attempt('removing', async () => handler?.remove(server))) {
        journal.remove(record);
      }
    }
    this.#left.clear();
  }

  /** Puts a server into force soon; the function returned takes it out again. */
  use(server: NameServer): () => void {
    const places = this.#places;
    if (places === undefined) return () => {};
    const acquired = (async () => places.acquire(server))().catch((error: unknown) => {
      this.#failed('installing', error);
      return undefined;
    });
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      void acquired.then((held) => held && this.#attempt('removing', async () => held.release()));
    };
  }

  /** Takes out everything that is ours. */
  async close(): Promise<void> {
    await this.#attempt('removing', async () => this.#places?.clear());
  }

  async #attempt(what: string, action: () => Promise<void>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (error) {
      this.#failed(what, error);
      return false;
    }
  }

  #failed(what: string, error: unknown): void {
    this.#deps.logger.log('ike', 1, `${what} a DNS server failed: ${errorText(error)}`);
  }
}
