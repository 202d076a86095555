import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { KernelEvent } from '../contracts/kernel.ts';
import type { InstalledChildSa } from '../kernel/installed-child.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import { type IkeSpi, ikeSpiFrom, NO_SPI } from '../proto/ike-spi.ts';
import { type IpAddress, unspecified } from '../proto/ip-address.ts';
import { hex32 } from '../util/hex.ts';
import type { JobLoad } from '../util/mailbox.ts';
import { Throttle } from '../util/throttle.ts';
import { adoptChildren } from './adopt-children.ts';
import { AttemptBook } from './attempts/attempt-book.ts';
import { expireChild } from './child-expiry.ts';
import { type ChildMarks, marksInUse, type TrapNumbers, uniqueNumbers } from './child-marks.ts';
import type { ChildSa } from './child-sa.ts';
import { Comebacks } from './comebacks.ts';
import { Counters } from './counters.ts';
import type { Destination } from './destination.ts';
import type { IkeEnvironment, SaRegistry } from './environment.ts';
import { type DropCounters, FrontDoor } from './front-door.ts';
import { IkeSa } from './ike-sa.ts';
import { IkeSaTables } from './ike-sa-tables.ts';
import { watchActivity } from './inactivity.ts';
import { PolicyBook } from './policy-book.ts';
import { addressesToKeep } from './receive-addresses.ts';
import { ResponderGuard } from './responder-guard.ts';
import { reusableFor } from './reuse.ts';
import { SoftExpiries } from './soft-expiries.ts';
import type { Takeover } from './state/takeover.ts';
import { attemptFor, type Cause, namesNobody } from './trap-attempt.ts';
import type { AttemptFor } from './traps.ts';
import type { Outcome } from './waiters.ts';

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** Random SPIs with the bits of `spi_label` that are tried before one without them is taken. */
const LABELLED_TRIES = 64;

/** Milliseconds after which what was set up has been of use; a CHILD_SA may go because nobody uses it for a while. */
const STABLE_IKE_SA = 60_000;
const STABLE_CHILD_SA = 10_000;

/** All IKE_SAs: finds the one a message is for, makes new ones, and lets none of them see another. */
export class IkeSaManager implements SaRegistry, TrapNumbers {
  readonly tables = new IkeSaTables();
  readonly guard: ResponderGuard;
  /** Traps and shunts. */
  readonly policies: PolicyBook;
  readonly counters = new Counters();
  readonly attempts = new AttemptBook();
  readonly jobs: JobLoad = { queued: 0 };
  readonly #door: FrontDoor;
  readonly #env: IkeEnvironment;
  readonly #awaitingEnd = new Map<IkeSa, (() => void)[]>();
  readonly #softExpiries: SoftExpiries;
  readonly #comebacks: Comebacks;
  readonly #childComebacks: Comebacks;
  #nextIkeId = 1;
  #nextChildId = 1;
  #nextMark = 1;
  #nextIfId = 1;
  #closing = false;

  constructor(
    env: Omit<IkeEnvironment, 'registry' | 'counters' | 'attempts' | 'jobs' | 'outsideAlerts'>,
  ) {
    const outsideAlerts = new Throttle(10, 1000);
    const { counters, attempts, jobs } = this;
    this.#env = { ...env, registry: this, counters, attempts, jobs, outsideAlerts };
    this.#softExpiries = new SoftExpiries(env.clock, () => this.tables.byId.values());
    this.#comebacks = new Comebacks(env.clock, env.random, STABLE_IKE_SA);
    this.#childComebacks = new Comebacks(env.clock, env.random, STABLE_CHILD_SA);
    this.guard = new ResponderGuard(env);
    this.#door = new FrontDoor({
      env: this.#env,
      tables: this.tables,
      guard: this.guard,
      open: (local, remote) => this.#add({ isInitiator: false, local, remote }),
    });
    const asked: AttemptFor = (connection, child, ...cause) => {
      // The trap may be older than what else of the connection has changed.
      const current = env.connections.get(connection.name) ?? connection;
      return attemptFor(this, current, current.children.get(child.name) ?? child, ...cause);
    };
    this.policies = new PolicyBook(env, asked, this);
  }

  /** What its IKE_SAs see of the world. */
  get environment(): IkeEnvironment {
    return this.#env;
  }

  get size(): number {
    return this.tables.byId.size;
  }

  /** No IKE_SA has work in flight. */
  get idle(): boolean {
    for (const sa of this.tables.byId.values()) if (!sa.idle) return false;
    return true;
  }

  /** Messages that no IKE_SA has seen. */
  get drops(): DropCounters {
    return this.#door.drops;
  }

  /** Takes an IKE message as it came from the network, marker removed; the octets are the caller's afterwards. */
  receive(message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    this.#door.receive(message, local, remote);
  }

  /**
   * Reuses the connection's IKE_SA (to that peer, if one is named) where that is allowed, else makes a new one; tells how
   * it went for `child`, whose first selectors are those of the packet, if there is one.
   */
  initiate(
    connection: ConnectionConfig,
    child: ChildConfig | undefined,
    signal?: AbortSignal,
    cause: Cause = {},
  ): { readonly sa: IkeSa; readonly outcome: Promise<Outcome> } {
    if (this.#closing) {
      const sa = this.#newInitiator(connection);
      const errmsg = 'the daemon is shutting down';
      return { sa, outcome: sa.destroy(errmsg).then(() => ({ ok: false, errmsg })) };
    }
    const reusable = this.#env.options().reuse_ikesa
      ? reusableFor(this.tables, connection, cause.peer)
      : undefined;
    const sa = reusable ?? this.#newInitiator(connection, cause.peer);
    if (child !== undefined && cause.packet !== undefined) {
      sa.triggers.add(child.name, cause.packet, cause.cpu);
    }
    return { sa, outcome: sa.initiate(child, signal) };
  }

  /** Timers that will fire. */
  get scheduled(): number {
    let scheduled = 0;
    for (const sa of this.tables.byId.values()) scheduled += sa.timers.size;
    return scheduled;
  }

  /** Resolves once an IKE_SA is gone, at once if it is already. */
  whenDestroyed(sa: IkeSa): Promise<void> {
    if (sa.destroyed) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#awaitingEnd.get(sa);
      if (waiting === undefined) this.#awaitingEnd.set(sa, [resolve]);
      else waiting.push(resolve);
    });
  }

  /** DELETEs for every established IKE_SA, without waiting for answers. */
  async shutdown(): Promise<void> {
    this.#closing = true;
    this.#door.close();
    this.policies.close();
    const all = [...this.tables.byId.values()];
    await Promise.all(
      all.map((sa) => {
        // One that goes down by itself meanwhile drops the job: what counts is that it is gone.
        sa.dismiss('shutting down');
        return this.whenDestroyed(sa);
      }),
    );
  }

  /** Goes on with the IKE_SAs of a predecessor; `adopted` are its CHILD_SAs that the kernel still has. */
  async takeOver(
    takeover: Takeover,
    adopted: readonly (InstalledChildSa | undefined)[],
  ): Promise<void> {
    const restored = (sa: IkeSa, childIds: readonly number[]): void => {
      this.tables.addUnnamed(sa);
      if (sa.up) this.tables.established(sa);
      this.#nextIkeId = Math.max(this.#nextIkeId, sa.uniqueId + 1);
      for (const id of childIds) this.#nextChildId = Math.max(this.#nextChildId, id + 1);
    };
    await takeover.restore({ env: this.#env, restored }, adopted);
  }

  /** Messages can be received: what was under way goes on. */
  resume(takeover: Takeover): void {
    takeover.resume(this.#env);
    void this.#softExpiries.makeUp();
  }

  /** What the kernel says about installed SAs. */
  onKernelEvent(event: KernelEvent): void {
    if (event.kind === 'mapping') {
      const { id, address, port } = event;
      const child = this.tables.child(id.protocol, id.destination, id.spi)?.child;
      // An SA that receives from any port says nothing about where the peer is.
      if (child === undefined || child.spec.sendPort !== undefined) return;
      child.sa.post(() => child.sa.remapped({ address, port }));
      return;
    }
    if (event.kind === 'acquire') this.policies.acquire(event);
    if (event.kind === 'overrun') void this.#softExpiries.makeUp();
    if (event.kind !== 'expire') return;
    const { protocol, destination, spi } = event.id;
    const found = this.tables.child(protocol, destination, spi);
    if (found === undefined) return;
    const { child } = found;
    if (!event.hard) {
      this.#softExpiries.reached(child, spi);
      return;
    }
    child.sa.log.log('chd', 1, `CHILD_SA ${child.label} (SPI ${hex32(spi)}) expired`);
    child.sa.post(() => expireChild(child));
  }

  newSpi(): IkeSpi {
    const { spi_mask: mask, spi_label: label } = this.#env.options();
    for (let tries = 0; ; tries++) {
      const random = ikeSpiFrom(this.#env.random.bytes(8)) ?? NO_SPI;
      // A mask that leaves too few bits must not keep the daemon from its work.
      const kept = tries < LABELLED_TRIES ? mask : 0n;
      const spi = ((random & ~kept) | (label & kept)) as IkeSpi;
      if (spi !== NO_SPI && spi !== ALL_ONES && !this.tables.bySpi.has(spi)) return spi;
    }
  }

  nextChildId(): number {
    return this.#nextChildId++;
  }

  nextMark(): number {
    return this.#nextMark++;
  }

  nextIfId(): number {
    return this.#nextIfId++;
  }

  marksInUse(connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined {
    return marksInUse(this.tables.ofConnection(connection.name), connection, child);
  }

  trapMarks(connection: ConnectionConfig, child: ChildConfig): ChildMarks | undefined {
    return this.policies.trapMarks(connection, child);
  }

  rekeyed(sa: IkeSa, oldSpi: IkeSpi): void {
    this.tables.spiChanged(sa, oldSpi);
  }

  moved(sa: IkeSa, before: IpAddress): void {
    this.tables.moved(sa, before);
  }

  /** A connection was loaded: IKE_SAs that differ from it in nothing but children know its children from now on. */
  loaded(connection: ConnectionConfig): void {
    for (const sa of this.tables.ofConnection(connection.name)) {
      // By its children an IKE_SA may be found at its peer's address.
      if (adoptChildren(sa, connection)) this.tables.established(sa);
    }
  }

  established(sa: IkeSa): void {
    // It may have been loaded again meanwhile.
    const current = this.#env.connections.get(sa.connection?.name ?? '');
    if (current !== undefined) adoptChildren(sa, current);
    this.tables.established(sa);
    this.#settled(sa);
  }

  destroyed(sa: IkeSa): void {
    this.tables.remove(sa);
    if (sa.openedFrom !== undefined) this.guard.refused();
    this.#settled(sa);
  }

  leaving(sa: IkeSa): void {
    this.tables.leaving(sa);
  }

  ended(sa: IkeSa): void {
    const waiting = this.#awaitingEnd.get(sa) ?? [];
    this.#awaitingEnd.delete(sa);
    for (const resolve of waiting) resolve();
  }

  childInstalled(sa: IkeSa, child: ChildSa): void {
    // One that a predecessor left has numbers that were not drawn here.
    const { marks, ifIds } = uniqueNumbers(child);
    for (const mark of marks) this.#nextMark = Math.max(this.#nextMark, mark + 1);
    for (const id of ifIds) this.#nextIfId = Math.max(this.#nextIfId, id + 1);
    this.tables.childInstalled(sa, child);
    this.#softExpiries.watch();
    watchActivity(sa, child);
  }

  mayHaveChild(terms: Pick<ChildSa['terms'], 'localTs' | 'remoteTs'>): boolean {
    return this.tables.selectors.mayHave(terms);
  }

  childRemoved(child: ChildSa): void {
    this.tables.childRemoved(child);
    if (!this.tables.hasChildren) this.#softExpiries.rest();
  }

  successor(old: IkeSa, isInitiator: boolean, spi: IkeSpi): IkeSa {
    const { local, remote, connection } = old;
    const sa = new IkeSa({
      env: this.#env,
      uniqueId: this.#nextIkeId++,
      isInitiator,
      spi,
      local,
      remote,
      ...(connection === undefined ? {} : { connection }),
    });
    this.tables.addUnnamed(sa);
    return sa;
  }

  replaced(old: IkeSa, fresh: IkeSa): void {
    this.tables.replaced(old, fresh);
    const waiting = this.#awaitingEnd.get(old);
    if (waiting === undefined) return;
    this.#awaitingEnd.delete(old);
    this.#awaitingEnd.set(fresh, [...(this.#awaitingEnd.get(fresh) ?? []), ...waiting]);
  }

  duplicatesOf(sa: IkeSa): readonly IkeSa[] {
    return [...others(sa, this.#ofSamePeer(sa))];
  }

  hasDuplicate(sa: IkeSa): boolean {
    // Many users may share one identity: the first one found is enough.
    for (const _ of others(sa, this.#ofSamePeer(sa))) return true;
    return false;
  }

  crossingOf(sa: IkeSa): readonly IkeSa[] {
    return [...others(sa, this.tables.samePeerCrossed(sa))];
  }

  /** As long as the peer's identity is open, the connection stands for it. */
  #ofSamePeer(sa: IkeSa): Iterable<IkeSa> {
    const { connection, remoteId } = sa;
    return remoteId === undefined && connection !== undefined
      ? this.tables.ofConnection(connection.name)
      : this.tables.samePeer(sa);
  }

  renew(old: IkeSa, destination: Destination): IkeSa | undefined {
    const name = old.connection?.name ?? '';
    const connection = this.#env.connections.get(name) ?? old.connection;
    if (connection === undefined || this.#closing) return undefined;
    const sa = this.#newInitiator(connection);
    sa.destination = destination;
    return sa;
  }

  pauseAfterChild({ sa, config, installedAt }: ChildSa): number {
    const name = `${sa.tag.name} ${config.name} ${sa.remote.address}`;
    return this.#childComebacks.pause(name, installedAt);
  }

  pauseAfterIke(sa: IkeSa): number {
    return this.#comebacks.pause(`${sa.tag.name} ${sa.remote.address}`, sa.startedAt);
  }

  holdTraps(sa: IkeSa, children: readonly string[], millis: number): void {
    if (millis === 0) return;
    for (const name of children) this.policies.hold(sa.tag.name, name, sa.remote.address, millis);
  }

  reestablish(sa: IkeSa, children: readonly string[], pause = this.pauseAfterIke(sa)): void {
    if (pause === 0) {
      this.#bringBack(sa, children);
      return;
    }
    const text = `IKE_SA ${sa.label} went as soon as it had come, setting it up again in ${pause / 1000}s`;
    sa.log.log('ike', 1, text);
    this.#env.clock.after(pause, () => this.#bringBack(sa, children));
  }

  #bringBack(sa: IkeSa, children: readonly string[]): void {
    const connection = sa.connection && this.#env.connections.get(sa.connection.name);
    if (connection === undefined || this.#closing) return;
    for (const name of children) {
      const child = connection.children.get(name);
      if (child === undefined) continue;
      sa.log.log('ike', 1, `restarting CHILD_SA ${name}`);
      // Nobody waits for it: a failure is in the log.
      const peer = namesNobody(connection) ? sa.remote.address : undefined;
      const cause = peer && { peer };
      const { sa: fresh, outcome } = this.initiate(connection, child, undefined, cause);
      fresh.configuration.wanted ??= addressesToKeep(sa);
      outcome.catch(() => {});
    }
  }

  async trap(sa: IkeSa, children: readonly string[]): Promise<void> {
    const connection = sa.connection && this.#env.connections.get(sa.connection.name);
    if (connection === undefined || this.#closing) return;
    await this.policies.ensure(connection, children, sa.log);
  }

  #newInitiator(connection: ConnectionConfig, peer?: IpAddress): IkeSa {
    const anywhere = { address: unspecified(4), port: this.#env.ikePort };
    return this.#add({
      isInitiator: true,
      local: anywhere,
      remote: anywhere,
      connection,
      ...(peer && { peer }),
    });
  }

  #add(start: {
    readonly isInitiator: boolean;
    readonly local: Endpoint;
    readonly remote: Endpoint;
    readonly connection?: ConnectionConfig;
    readonly peer?: IpAddress;
  }): IkeSa {
    const sa = new IkeSa({
      env: this.#env,
      uniqueId: this.#nextIkeId++,
      spi: this.newSpi(),
      ...start,
    });
    this.tables.add(sa);
    return sa;
  }

  /** No longer half-open: established or gone. */
  #settled(sa: IkeSa): void {
    const from = sa.openedFrom;
    if (from === undefined) return;
    sa.openedFrom = undefined;
    this.guard.closed(from.address);
    this.tables.noLongerOpen(sa.spiI, from);
  }
}

/** The established ones but `sa`. */
function* others(sa: IkeSa, all: Iterable<IkeSa>): Iterable<IkeSa> {
  for (const other of all) if (other !== sa && other.state.kind === 'established') yield other;
}
