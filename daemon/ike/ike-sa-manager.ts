import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { KernelEvent } from '../contracts/kernel.ts';
import type { InstalledChildSa } from '../kernel/installed-child.ts';
import { type Endpoint, printEndpoint } from '../proto/endpoint.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { type IkeSpi, NO_SPI } from '../proto/ike-spi.ts';
import { type IpAddress, unspecified } from '../proto/ip-address.ts';
import { hex32 } from '../util/hex.ts';
import type { JobLoad } from '../util/mailbox.ts';
import { Throttle } from '../util/throttle.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { type IkeHeader, parseHeader } from '../wire/header.ts';
import { encodeCookieResponse, peekInitRequest } from '../wire/init-peek.ts';
import { alertFromOutside } from './announce.ts';
import { expireChild } from './child-expiry.ts';
import { uniqueNumbers } from './child-marks.ts';
import type { ChildSa } from './child-sa.ts';
import { Counters } from './counters.ts';
import { crashAnswer } from './crash-detection.ts';
import type { Destination } from './destination.ts';
import type { IkeEnvironment, SaRegistry } from './environment.ts';
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
import { versionRefusal } from './version-refusal.ts';
import type { Outcome } from './waiters.ts';

const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** Messages that ended before any IKE_SA saw them, by cause. */
export interface DropCounters {
  malformed: number;
  version: number;
  unknownSpi: number;
  guarded: number;
  cookies: number;
}

/** All IKE_SAs: finds the one a message is for, makes new ones, and lets none of them see another. */
export class IkeSaManager implements SaRegistry {
  readonly tables = new IkeSaTables();
  readonly guard: ResponderGuard;
  /** Traps and shunts. */
  readonly policies: PolicyBook;
  readonly counters = new Counters();
  readonly jobs: JobLoad = { queued: 0 };
  readonly drops: DropCounters = {
    malformed: 0,
    version: 0,
    unknownSpi: 0,
    guarded: 0,
    cookies: 0,
  };
  readonly #env: IkeEnvironment;
  readonly #throttle = new Throttle(10, 1000);
  /** Strangers can ask for these. */
  readonly #crashAnswers = new Throttle(50, 1000);
  readonly #awaitingEnd = new Map<IkeSa, (() => void)[]>();
  readonly #softExpiries: SoftExpiries;
  #nextIkeId = 1;
  #nextChildId = 1;
  #nextMark = 1;
  #nextIfId = 1;
  #closing = false;

  constructor(env: Omit<IkeEnvironment, 'registry' | 'counters' | 'jobs' | 'outsideAlerts'>) {
    const outsideAlerts = new Throttle(10, 1000);
    const { counters, jobs } = this;
    this.#env = { ...env, registry: this, counters, jobs, outsideAlerts };
    this.#softExpiries = new SoftExpiries(env.clock);
    this.guard = new ResponderGuard(env);
    this.policies = new PolicyBook(env, (connection, child, ...asked) => {
      // The trap may be older than what else of the connection has changed.
      const current = env.connections.get(connection.name) ?? connection;
      return attemptFor(this, current, current.children.get(child.name) ?? child, ...asked);
    });
  }

  get size(): number {
    return this.tables.byId.size;
  }

  /** No IKE_SA has work in flight. */
  get idle(): boolean {
    for (const sa of this.tables.byId.values()) if (!sa.idle) return false;
    return true;
  }

  /** Takes an IKE message as it came from the network, marker removed; the octets are the caller's afterwards. */
  receive(message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    let header: IkeHeader;
    try {
      header = parseHeader(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      if (error.notify === NotifyType.INVALID_MAJOR_VERSION)
        this.#refuseVersion(message, local, remote);
      this.drops.malformed++;
      this.counters.count('invalid');
      alertFromOutside(this.#env, 'parse-error-header');
      this.#note(
        'net',
        `received malformed message from ${printEndpoint(remote)}: ${error.reason}`,
      );
      return;
    }
    if (header.exchange === ExchangeType.IKE_SA_INIT && !header.isResponse) {
      this.#receiveInit(header, message, local, remote);
      return;
    }
    const sa = this.tables.bySpi.get(header.fromInitiator ? header.spiR : header.spiI);
    if (sa === undefined || !belongs(sa, header)) {
      this.drops.unknownSpi++;
      this.counters.count('invalid-spi');
      alertFromOutside(this.#env, 'invalid-ike-spi');
      this.#note(
        'net',
        `received message with unknown IKE SPI from ${printEndpoint(remote)}, ignored`,
      );
      this.#proveCrash(header, local, remote);
      return;
    }
    this.#logReceived(sa, message, local, remote);
    sa.deliver(header, message, local, remote);
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
    this.policies.close();
    const all = [...this.tables.byId.values()];
    await Promise.all(
      all.map((sa) => {
        // One that goes down by itself meanwhile drops the job: what counts is that it is gone.
        sa.post(() => sa.farewell('shutting down'));
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
    // What the kernel told while nobody listened.
    for (const sa of this.tables.byId.values()) {
      for (const child of sa.children.values()) {
        const { softSeconds } = child.terms.lifetime;
        const age = this.#env.clock.now() - child.installedAt;
        if (softSeconds === 0 || age < softSeconds * 1000) continue;
        const { local: destination, spiIn: spi, protocol } = child.spec;
        this.onKernelEvent({ kind: 'expire', id: { destination, spi, protocol }, hard: false });
      }
    }
  }

  /** What the kernel says about installed SAs. */
  onKernelEvent(event: KernelEvent): void {
    if (event.kind === 'mapping') {
      const { id, address, port } = event;
      const moved = this.tables.child(id.protocol, id.destination, id.spi)?.child.sa;
      moved?.post(() => moved.remapped({ address, port }));
      return;
    }
    if (event.kind === 'acquire') this.policies.acquire(event);
    if (event.kind !== 'expire') return;
    const { protocol, destination, spi } = event.id;
    const found = this.tables.child(protocol, destination, spi);
    if (found === undefined) return;
    const { child } = found;
    const name = `CHILD_SA ${child.label} (SPI ${hex32(spi)})`;
    const reached = event.hard ? 'expired' : 'reached its soft lifetime';
    child.sa.log.log('chd', 1, `${name} ${reached}`);
    if (event.hard) child.sa.post(() => expireChild(child));
    else this.#softExpiries.reached(child);
  }

  newSpi(): IkeSpi {
    for (;;) {
      const octets = this.#env.random.bytes(8);
      const spi = new DataView(octets.buffer, octets.byteOffset, 8).getBigUint64(0) as IkeSpi;
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

  rekeyed(sa: IkeSa, oldSpi: IkeSpi): void {
    this.tables.spiChanged(sa, oldSpi);
  }

  moved(sa: IkeSa, before: IpAddress): void {
    this.tables.moved(sa, before);
  }

  established(sa: IkeSa): void {
    this.tables.established(sa);
    this.#settled(sa);
  }

  destroyed(sa: IkeSa): void {
    this.tables.remove(sa);
    if (sa.openedFrom !== undefined) this.guard.refused();
    this.#settled(sa);
  }

  ended(sa: IkeSa): void {
    const waiting = this.#awaitingEnd.get(sa) ?? [];
    this.#awaitingEnd.delete(sa);
    for (const resolve of waiting) resolve();
  }

  childInstalled(sa: IkeSa, child: ChildSa): void {
    // One that a predecessor left has numbers that were not drawn here.
    const { marks, ifIds } = uniqueNumbers(child);
    this.#nextMark = Math.max(this.#nextMark, ...marks.map((mark) => mark + 1));
    this.#nextIfId = Math.max(this.#nextIfId, ...ifIds.map((id) => id + 1));
    this.tables.childInstalled(sa, child);
    watchActivity(sa, child);
  }

  childRemoved(child: ChildSa): void {
    this.tables.childRemoved(child);
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
    this.tables.unname(old);
    this.tables.established(fresh);
    const waiting = this.#awaitingEnd.get(old);
    if (waiting === undefined) return;
    this.#awaitingEnd.delete(old);
    this.#awaitingEnd.set(fresh, [...(this.#awaitingEnd.get(fresh) ?? []), ...waiting]);
  }

  duplicatesOf(sa: IkeSa): readonly IkeSa[] {
    // As long as the peer's identity is open, the connection stands for it.
    const { connection, remoteId } = sa;
    const others =
      remoteId === undefined && connection !== undefined
        ? [...this.tables.ofConnection(connection.name)].filter((other) => other !== sa)
        : this.tables.samePeer(sa);
    return others.filter((other) => other.state.kind === 'established');
  }

  renew(old: IkeSa, destination: Destination): IkeSa | undefined {
    const name = old.connection?.name ?? '';
    const connection = this.#env.connections.get(name) ?? old.connection;
    if (connection === undefined || this.#closing) return undefined;
    const sa = this.#newInitiator(connection);
    sa.destination = destination;
    return sa;
  }

  reestablish(sa: IkeSa, children: readonly string[]): void {
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

  #receiveInit(header: IkeHeader, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    if (
      header.messageId !== 0 ||
      header.spiR !== NO_SPI ||
      !header.fromInitiator ||
      this.#closing
    ) {
      this.drops.malformed++;
      return;
    }
    const known = this.tables.halfOpen(header.spiI, remote);
    if (known !== undefined) {
      known.deliver(header, message, local, remote);
      return;
    }
    // A request of our own that came back: its SPI is one of ours.
    if (this.tables.bySpi.has(header.spiI)) {
      this.drops.malformed++;
      return;
    }
    const peek = peekInitRequest(message);
    if (peek === undefined) {
      this.drops.malformed++;
      this.counters.count('invalid');
      alertFromOutside(this.#env, 'parse-error-body');
      this.#note('net', `received unusable IKE_SA_INIT request from ${printEndpoint(remote)}`);
      return;
    }
    const verdict = this.guard.judge(peek, remote.address, this.size, this.jobs.queued);
    if (verdict.kind === 'accept') {
      this.#accept(header, message, local, remote);
    } else if (verdict.kind === 'cookie') {
      this.drops.cookies++;
      this.#env.send(local, remote, encodeCookieResponse(message, verdict.cookie));
    } else {
      this.drops.guarded++;
      this.#note('net', `ignoring IKE_SA_INIT from ${remote.address}: ${verdict.reason}`);
    }
  }

  #accept(header: IkeHeader, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    const env = this.#env;
    const sa = this.#add({ isInitiator: false, local, remote });
    sa.spiI = header.spiI;
    this.tables.opened(sa, header.spiI, remote);
    sa.openedFrom = remote;
    this.guard.opened(remote.address);
    this.#logReceived(sa, message, local, remote);
    sa.timers.start('halfOpen', env.options().half_open_timeout * 1000);
    sa.deliver(header, message, local, remote);
    // Nothing is kept of a request that could not be read.
    sa.post(() =>
      sa.state.kind === 'created' ? sa.destroy('unusable IKE_SA_INIT request') : undefined,
    );
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

  #proveCrash(header: IkeHeader, local: Endpoint, remote: Endpoint): void {
    const { crashSecret, crypto, clock } = this.#env;
    if (crashSecret === undefined || this.#closing) return;
    // One of ours: the message has the wrong roles, and its sender does not get to see our token.
    const { bySpi } = this.tables;
    if (bySpi.has(header.spiI) || bySpi.has(header.spiR)) return;
    const answer = crashAnswer(crypto, crashSecret, header);
    if (answer === undefined || this.#crashAnswers.pass(clock.now()) === undefined) return;
    this.#env.send(local, remote, answer);
  }

  #refuseVersion(message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    this.drops.version++;
    const answer = versionRefusal(message);
    if (answer !== undefined) this.#env.send(local, remote, answer);
  }

  #logReceived(sa: IkeSa, message: Uint8Array, local: Endpoint, remote: Endpoint): void {
    if (!sa.log.enabled('net', 1)) return;
    sa.log.log(
      'net',
      1,
      `received packet: from ${printEndpoint(remote)} to ${printEndpoint(local)} (${message.length} bytes)`,
    );
  }

  // Strangers cause these lines, so their number is bounded.
  #note(group: 'net', text: string): void {
    const passed = this.#throttle.pass(this.#env.clock.now());
    if (passed === undefined) return;
    const missing = passed.suppressed > 0 ? ` (${passed.suppressed} similar lines left out)` : '';
    this.#env.log.log(group, 1, `${text}${missing}`);
  }
}

/** Both SPIs and the roles fit; the responder's SPI is new in the answer to IKE_SA_INIT only. */
function belongs(sa: IkeSa, header: IkeHeader): boolean {
  if (sa.isInitiator === header.fromInitiator || sa.spiI !== header.spiI) return false;
  if (sa.spiR === header.spiR) return true;
  return sa.spiR === NO_SPI && header.exchange === ExchangeType.IKE_SA_INIT && header.isResponse;
}
