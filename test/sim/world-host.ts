import type { ConnectionConfig } from '../../daemon/config/connection-types.ts';
import { type DaemonOptions, defaultOptions } from '../../daemon/config/options.ts';
import { parsePool } from '../../daemon/config/pool.ts';
import { list, value } from '../../daemon/config/tree.ts';
import type { Crypto } from '../../daemon/contracts/crypto.ts';
import type { DaemonEvent } from '../../daemon/contracts/events.ts';
import type { KeyLog } from '../../daemon/contracts/key-log.ts';
import type { LogGroup, LogLevel } from '../../daemon/contracts/logger.ts';
import type { ExchangeObserver } from '../../daemon/contracts/monitoring.ts';
import type { Processes } from '../../daemon/contracts/processes.ts';
import type { RedirectPolicy } from '../../daemon/contracts/redirect.ts';
import type { PrivateKeys } from '../../daemon/contracts/signatures.ts';
import type { IkeSaView } from '../../daemon/contracts/views.ts';
import type { Outcome, TerminateOutcome } from '../../daemon/control/control.ts';
import { createDaemon, type IkeDaemon } from '../../daemon/daemon.ts';
import { viewIkeSa } from '../../daemon/ike/ike-sa-view.ts';
import { MemoryJournal } from '../../daemon/kernel/memory-journal.ts';
import { InProcessKeys } from '../../daemon/keyd/in-process.ts';
import { parseIdentity } from '../../daemon/proto/identity-text.ts';
import type { IpAddress } from '../../daemon/proto/ip-address.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { Secret } from '../../daemon/util/secret.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { ip } from '../support/selectors.ts';
import { CountedWork } from './counted-work.ts';
import { FakeKernel } from './fake-kernel.ts';
import { FakeNameServers } from './fake-name-servers.ts';
import { Incarnation, type Moment } from './incarnation.ts';
import { MemorySessions } from './memory-sessions.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { SimHost, SimNetwork } from './sim-network.ts';
import { VirtualFetcher } from './virtual-fetcher.ts';

/** How a host differs from a plain one. */
export interface HostSetup {
  readonly addresses: readonly IpAddress[];
  readonly options?: Partial<DaemonOptions>;
  readonly crypto: Crypto;
  readonly random: SeededRandom;
  readonly network: SimNetwork;
  /** The log leaves out what is said of every message. */
  readonly light?: boolean;
  /** Kept over the death of the daemon. */
  readonly crashSecret?: Uint8Array | undefined;
  /** What runs updown scripts; without it none are run. */
  readonly processes?: Processes;
}

/** One host of a world: its sockets, its kernel, its daemon and what that said. */
export class WorldHost {
  readonly name: string;
  readonly kernel: FakeKernel;
  readonly journal = new MemoryJournal();
  readonly nameServers = new FakeNameServers();
  /** What is left for a successor, where the host keeps its sessions. */
  readonly sessions = new MemorySessions();
  readonly events: DaemonEvent[] = [];
  readonly random: SeededRandom;
  /** What this host's resolver answers, by name; it may change. */
  readonly names = new Map<string, readonly IpAddress[]>();
  /** Whom this host sends elsewhere; nobody unless a test says so. */
  /** Watches the requests of this host. */
  observer: ExchangeObserver | undefined;
  /** Whom this host gives its keys; nobody unless a test says so, before anything is negotiated. */
  keyLog: KeyLog | undefined;
  redirectInit: RedirectPolicy['onInit'] | undefined;
  redirectAuth: RedirectPolicy['onAuth'] | undefined;
  /** What `reload-settings` reads; nothing new unless a test says so. */
  reloadOptions: (() => Promise<DaemonOptions>) | undefined;
  log: MemoryLog;
  transport: SimHost;
  daemon: IkeDaemon;
  /** Servers with CRLs, OCSP responders and certificates, as this host reaches them. */
  readonly fetcher: VirtualFetcher;
  /** What other threads do for this daemon. */
  readonly work = new CountedWork();
  /** Private keys of this daemon; a new one after `reborn`. */
  privateKeys: PrivateKeys;
  readonly #setup: HostSetup;
  #addresses: readonly IpAddress[];
  /** Told before and after everything the daemon does to the outside. */
  moment: Moment = () => undefined;
  #life = this.#newLife();

  constructor(name: string, setup: HostSetup) {
    this.name = name;
    this.#setup = setup;
    this.log = new MemoryLog(setup.light ? terse : 1);
    this.#addresses = setup.addresses;
    this.random = setup.random;
    this.kernel = new FakeKernel(setup.random.fork(), setup.addresses);
    this.kernel.wallClock = () => setup.network.clock.wallClock();
    this.transport = setup.network.host(name, setup.addresses);
    this.privateKeys = this.work.keys(new InProcessKeys(setup.crypto.signatures));
    this.fetcher = new VirtualFetcher(setup.network.clock);
    this.daemon = this.#build();
  }

  get address(): IpAddress {
    return this.#addresses[0] as IpAddress;
  }

  /** Not killed, or born again since. */
  get alive(): boolean {
    return this.#life.alive;
  }

  /** Messages of the daemon so far. */
  get lines(): readonly string[] {
    return this.log.lines;
  }

  /** Snapshots of all IKE_SAs, without asking the kernel. */
  get sas(): readonly IkeSaView[] {
    return [...this.daemon.manager.tables.byId.values()].map((sa) =>
      viewIkeSa(sa, [...sa.children.values()]),
    );
  }

  /** IKE_SAs in state ESTABLISHED. */
  get established(): readonly IkeSaView[] {
    return this.sas.filter((sa) => sa.state === 'ESTABLISHED');
  }

  /** CHILD_SAs in the kernel, of all IKE_SAs. */
  get children(): readonly IkeSaView['children'][number][] {
    return this.sas.flatMap((sa) => sa.children.filter((child) => child.state === 'INSTALLED'));
  }

  alerts(type: string): number {
    return this.events.filter((event) => event.kind === 'alert' && event.type === type).length;
  }

  async start(): Promise<void> {
    await this.daemon.start();
  }

  async load(config: ConnectionConfig): Promise<unknown> {
    return this.daemon.control.loadConnection(config);
  }

  /** A pre-shared key for these identities, everybody's if none are named. */
  secret(text: string, ...owners: readonly string[]): void {
    this.daemon.sharedKeys.load({
      type: 'ike',
      data: new Secret(utf8(text)),
      owners: owners.map((owner) => parseIdentity(owner, { allowRegex: true })),
    });
  }

  /** A pool of virtual IPs, attributes by name. */
  pool(name: string, addrs: string, attributes: Readonly<Record<string, readonly string[]>> = {}) {
    const lists = Object.entries(attributes).map(([key, items]) => list(key, items));
    return this.daemon.control.pools.load(parsePool(name, [value('addrs', addrs), ...lists]));
  }

  initiate(child: string, timeout = 0): Promise<Outcome> {
    return this.daemon.control.initiate(
      { child, timeout, initLimits: false },
      () => undefined,
      new AbortController().signal,
    );
  }

  terminate(what: { ike?: string; child?: string }, force = false): Promise<TerminateOutcome> {
    return this.daemon.control.terminate(
      { ...what, force, timeout: 0 },
      () => undefined,
      new AbortController().signal,
    );
  }

  /** Its addresses are these from now on, as after a move to another network. */
  readdress(...addresses: readonly string[]): void {
    this.#addresses = addresses.map(ip);
    this.#setup.network.readdress(this.transport, this.#addresses);
    this.kernel.readdress(this.#addresses);
  }

  /** The daemon dies without a word; its kernel stays as it is. */
  kill(): void {
    this.#life.end();
    this.transport.close();
  }

  /** The process gets no time, as after SIGSTOP, until it is continued. */
  stop(): void {
    this.#life.stop();
  }

  /** Goes on after {@link stop}. */
  resume(): void {
    this.#life.resume();
  }

  /** A new daemon with the same kernel and journal, not started yet. */
  reborn(): void {
    this.kill();
    this.#life = this.#newLife();
    this.transport = this.#setup.network.host(this.name, this.#addresses);
    this.privateKeys = this.work.keys(new InProcessKeys(this.#setup.crypto.signatures));
    this.daemon = this.#build();
  }

  #newLife(): Incarnation {
    return new Incarnation((what) => this.moment(what));
  }

  #build(): IkeDaemon {
    const { network, crypto, options, processes } = this.#setup;
    const kernel = this.#life.kernel(this.kernel);
    const daemon = createDaemon({
      clock: this.#life.clock(network.clock),
      random: this.random,
      transport: this.#life.transport(this.transport),
      kernel,
      net: kernel,
      crypto: this.work.crypto(crypto),
      privateKeys: this.privateKeys,
      fetcher: this.fetcher,
      hub: this.log,
      observer: {
        answered: (...told) => this.observer?.answered(...told),
        retransmitted: (...told) => this.observer?.retransmitted(...told),
        givenUp: (...told) => this.observer?.givenUp(...told),
      },
      keyLog: {
        ike: (entry) => this.keyLog?.ike(entry),
        esp: (entry) => this.keyLog?.esp(entry),
        close: () => Promise.resolve(),
      },
      options: optionsWith(options ?? {}),
      journal: this.#life.journal(this.journal),
      nameServers: this.nameServers,
      crashSecret: this.#setup.crashSecret,
      redirects: {
        onInit: (peer) => this.redirectInit?.(peer),
        onAuth: (peer, identity) => this.redirectAuth?.(peer, identity),
      },
      ...(options?.state_journal && { sessions: this.#life.sessions(this.sessions) }),
      reloadOptions: async () => (await this.reloadOptions?.()) ?? daemon.options(),
      confPath: '/etc/strongswan.conf',
      resolve: async (name) => this.names.get(name) ?? [],
      ...(processes === undefined ? {} : { processes }),
    });
    daemon.control.onEvent((event) => this.events.push(event));
    return daemon;
  }
}

/** Level 1 of everything but single messages. */
function terse(group: LogGroup): LogLevel {
  return group === 'net' || group === 'enc' ? 0 : 1;
}

/** Defaults changed as strongswan.conf would change them: an option that inherits follows the one it inherits from. */
function optionsWith(changes: Partial<DaemonOptions>): DaemonOptions {
  const size = changes.fragment_size;
  const inherited = size === undefined ? {} : { fragment_size_v4: size, fragment_size_v6: size };
  return { ...defaultOptions(), ...inherited, ...changes };
}
