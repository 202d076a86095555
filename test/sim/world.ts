import { onTestFailed } from 'vitest';
import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import type { DaemonOptions } from '../../daemon/config/options.ts';
import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { Processes } from '../../daemon/contracts/processes.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import nodeCrypto from '../../plugins/crypto-node/plugin.ts';
import { ip } from '../support/selectors.ts';
import { Ladder } from './ladder.ts';
import { SeededRandom } from './seeded-random.ts';
import { type LinkOptions, perfectLink, SimNetwork } from './sim-network.ts';
import { toyCrypto } from './toy-crypto.ts';
import { VirtualClock } from './virtual-clock.ts';
import { WorldHost } from './world-host.ts';

/** What a world starts from. */
export interface WorldOptions {
  readonly seed?: number;
  readonly link?: Partial<LinkOptions>;
  /** Prints the ladder if the test fails; default true. */
  readonly printOnFailure?: boolean;
  /** Keeps the ladder, which takes memory with every message; default true. */
  readonly keepLadder?: boolean;
  /** For runs by the million: cryptography that costs nothing, no ladder, no log of single messages. */
  readonly light?: boolean;
}

/** Virtual milliseconds that {@link World.settle} waits at most unless told otherwise: an hour. */
const SETTLE_LIMIT = 3_600_000;

/** Timers that may fire at one moment before somebody must be going round in circles. */
const STANDSTILL = 10_000;

/** Turns of the event loop in which daemons may stay busy without anything else happening. */
const BUSY_TURNS = 10_000;

/** Turns after which a daemon is thought to wait for another thread, which signs or verifies something for it. */
const PATIENT_TURNS = 500;

/** Turns in which nothing may happen before time passes for those who wait for a server. */
const CALM_TURNS = 20;

const aTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const aWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

let sharedCrypto: Crypto | undefined;

/** The cryptography of every simulated daemon: real, and self-tested once. */
export function simCrypto(): Crypto {
  const provider = nodeCrypto.crypto?.();
  if (provider === undefined) throw new TypeError('crypto-node offers no cryptography');
  sharedCrypto ??= createCrypto([provider]);
  return sharedCrypto;
}

/** Hosts with daemons on one simulated network and one virtual clock; everything follows from the seed. */
export class World implements AsyncDisposable {
  readonly seed: number;
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  readonly hosts: WorldHost[] = [];
  /** Connections given to a host by {@link pair}, for one that is born again. */
  readonly configs = new Map<WorldHost, readonly ConnectionConfig[]>();
  /** Whether hosts added from now on have a secret for quick crash detection. */
  crashDetection = false;
  readonly #ladder: Ladder;
  readonly #keepsLadder: boolean;
  readonly #light: boolean;
  readonly #crypto: Crypto;
  #standing = 0;

  constructor({
    seed = 1,
    link = {},
    printOnFailure = true,
    light = false,
    keepLadder = !light,
  }: WorldOptions = {}) {
    this.#keepsLadder = keepLadder;
    this.#light = light;
    this.#crypto = light ? toyCrypto() : simCrypto();
    this.seed = seed;
    this.random = new SeededRandom(seed);
    this.network = new SimNetwork(this.clock, this.random.fork());
    this.network.link = { ...perfectLink, ...link };
    this.#ladder = new Ladder(this.clock);
    if (keepLadder) this.network.onPacket((record) => this.#ladder.packet(record));
    if (printOnFailure) onTestFailed(() => console.error(this.ladder()));
  }

  /** Adds a host with a started daemon; `crypto` replaces the one all others share. */
  async host(
    name: string,
    addresses: readonly string[],
    options: Partial<DaemonOptions> = {},
    crypto: Crypto = this.#crypto,
    processes?: Processes,
  ): Promise<WorldHost> {
    const host = new WorldHost(name, {
      addresses: addresses.map(ip),
      options,
      crypto,
      random: this.random.fork(),
      network: this.network,
      light: this.#light,
      crashSecret: this.crashDetection ? this.random.bytes(32) : undefined,
      ...(processes === undefined ? {} : { processes }),
    });
    if (this.#keepsLadder) host.log.addSink(this.#ladder.sink(name));
    this.hosts.push(host);
    await host.start();
    return host;
  }

  /** Jumps from timer to timer until the condition holds; fails with the ladder if it never does. */
  async settle(condition: () => boolean, limit = SETTLE_LIMIT): Promise<void> {
    const end = this.clock.now() + limit;
    for (;;) {
      await this.#quiet();
      if (condition()) return;
      const due = this.clock.nextDue();
      if (due === undefined) throw this.#failure('nothing is left to happen');
      if (due > end) throw this.#failure(`not within ${limit} ms`);
      this.#step();
    }
  }

  /** Lets time pass. */
  async pass(millis: number): Promise<void> {
    const end = this.clock.now() + millis;
    for (;;) {
      await this.#quiet();
      const due = this.clock.nextDue();
      if (due === undefined || due > end) break;
      this.#step();
    }
    this.clock.skipTo(end);
  }

  /** Lets time pass until a promise settles, and returns what it gave. */
  async during<T>(promise: Promise<T>, limit = SETTLE_LIMIT): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.settle(() => settled, limit);
    return promise;
  }

  /** Exchanges so far in the notation of the RFCs. */
  ladder(): string {
    return `seed ${this.seed}\n${this.#ladder.print()}`;
  }

  /** Stops every daemon that lives. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) {
      if (host.alive) await this.during(host.daemon.shutdown());
    }
  }

  #step(): void {
    const before = this.clock.now();
    this.clock.step();
    this.#standing = this.clock.now() > before ? 0 : this.#standing + 1;
    if (this.#standing > STANDSTILL) throw this.#failure('time stands still');
  }

  // One turn of the event loop empties the queue of microtasks; daemons that wait for more are asked again.
  async #quiet(): Promise<void> {
    let calm = 0;
    for (let turn = 0; turn < BUSY_TURNS; turn++) {
      await (turn < PATIENT_TURNS ? aTurn() : aWhile());
      const busy = this.hosts.filter((host) => host.alive && !host.daemon.idle);
      if (busy.length === 0) return;
      // Whoever waits for a server waits for time to pass, unless it is about to do something with what came.
      const waits = busy.every(({ fetcher, work }) => fetcher.busy && work.pending === 0);
      calm = waits ? calm + 1 : 0;
      if (calm === CALM_TURNS) return;
    }
    throw this.#failure('a daemon stays busy');
  }

  #failure(why: string): Error {
    const states = this.hosts.map((host) => {
      const sas = host.sas.map((sa) => `${sa.name}[${sa.uniqueId}] ${sa.state}`);
      return `${host.name}: ${sas.join(', ') || 'no IKE_SA'}`;
    });
    return new Error(`${why}; ${states.join('; ')}\n${this.ladder()}`);
  }
}
