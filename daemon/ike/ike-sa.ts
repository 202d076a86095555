import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { PrfAlgorithm } from '../contracts/crypto.ts';
import type { IkeTag, Logger } from '../contracts/logger.ts';
import { type IkeKeys, keepSkD } from '../crypto/keymat.ts';
import { type Endpoint, printEndpoint } from '../proto/endpoint.ts';
import type { Identity } from '../proto/identity.ts';
import { printIdentity } from '../proto/identity-text.ts';
import { type IkeSpi, NO_SPI } from '../proto/ike-spi.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { Message } from '../proto/payload.ts';
import type { Proposal } from '../proto/proposal.ts';
import { errorText, InternalError } from '../util/error.ts';
import { Mailbox } from '../util/mailbox.ts';
import { Patience } from '../util/patience.ts';
import type { IkeHeader } from '../wire/header.ts';
import { noteEnd } from './attempts/note.ts';
import type { AuthenticatedPeer } from './authenticators/authenticated-peer.ts';
import { rekeyChild } from './child-expiry.ts';
import type { InterfaceIds } from './child-marks.ts';
import type { ChildSa } from './child-sa.ts';
import { Configuration } from './configuration.ts';
import type { Destination } from './destination.ts';
import { EarlyDeletes } from './early-deletes.ts';
import type { IkeEnvironment } from './environment.ts';
import { type EngineHost, ExchangeEngine } from './exchange-engine.ts';
import { handleRequest, refusal } from './exchanges.ts';
import { sayGoodbye } from './goodbye.ts';
import type { IkeSaStart, PeerIkeRekey } from './ike-sa-start.ts';
import { type IkeSaState, mayFollow, stateName } from './ike-sa-state.ts';
import { viewIkeSa } from './ike-sa-view.ts';
import { scheduleLifetimes } from './lifetimes.ts';
import { watchLiveness } from './liveness.ts';
import type { Mobike, Path, PathSearch } from './mobike.ts';
import { type NatStatus, natUnknown } from './nat-detection.ts';
import { onTimer } from './on-timer.ts';
import { heardFrom, remapped } from './peer-endpoint.ts';
import { pursue } from './pursue.ts';
import { reauthenticate } from './reauth.ts';
import { adoptPath, nextRound, proceed, suspectPath } from './roam.ts';
import { NO_SESSION_JOURNAL } from './state/session-journal.ts';
import type { InboundRequest, OutboundResponse, Reply, ResponderTask } from './task.ts';
import { TaskQueue } from './task-queue.ts';
import { ikeDelete } from './tasks/ike-delete.ts';
import { rekeyIke } from './tasks/ike-rekey.ts';
import { SaTimers } from './timers.ts';
import { Triggers } from './triggers.ts';
import { type Outcome, Waiters } from './waiters.ts';

/** Messages that may wait for a busy IKE_SA; more are dropped, the peer sends them again. */
const MAX_PENDING = 32;

/**
 * One IKE_SA: its identity, keys, state, children and conversations. Everything that happens to it goes through its
 * mailbox, one job after the other; an exception in a job closes this IKE_SA and touches no other.
 */
export class IkeSa implements EngineHost {
  readonly env: IkeEnvironment;
  readonly log: Logger;
  readonly uniqueId: number;
  /** We are its original initiator, RFC 7296 section 2.2. */
  readonly isInitiator: boolean;
  readonly timers: SaTimers;
  readonly engine: ExchangeEngine;
  readonly tasks: TaskQueue;
  readonly waiters = new Waiters();
  readonly triggers = new Triggers();
  /** For what our jobs wait for outside, before it is established; over when it is to end. */
  readonly patience = new Patience();
  readonly peer: IpAddress | undefined;
  readonly children = new Map<number, ChildSa>();
  /** CHILD_SAs that the peer closed before its answer to the request that creates them arrived. */
  readonly earlyDeletes = new EarlyDeletes();
  /** Virtual IPs of either side, and what came with them. */
  readonly configuration = new Configuration();
  readonly nat: NatStatus = natUnknown();
  /** Both sides announced RFC 4555. */
  mobike: Mobike | undefined;

  spiI: IkeSpi;
  spiR: IkeSpi;
  local: Endpoint;
  remote: Endpoint;
  connection: ConnectionConfig | undefined;
  localId: Identity | undefined;
  remoteId: Identity | undefined;
  proposal: Proposal | undefined;
  prf: PrfAlgorithm | undefined;
  keys: IkeKeys | undefined;
  /** Both sides announced RFC 7383. */
  mayFragment = false;
  /** The peer announced RFC 6023. */
  peerIsChildless = false;
  /** The peer's vendor ID is strongSwan's: it means by private numbers what strongSwan does. */
  peerIsStrongSwan = false;
  /** For CHILD_SAs that leave them to the connection; chosen with the first. */
  interfaceIds: InterfaceIds | undefined;
  /** IKE_INTERMEDIATE requests of the peer that are still to come before its IKE_AUTH. */
  intermediatesDue = 0;
  /** The peer's last IKE_INTERMEDIATE may bring a PPK (RFC 9867), in one of its own if no other is due. */
  mayBringPpk = false;
  /** The conversation in which we answer until the IKE_SA is established. */
  responder: ResponderTask | undefined;
  /** The peer's CREATE_CHILD_SA that waits for IKE_FOLLOWUP_KE, and the octets by which that refers to it. */
  followUp: { readonly task: ResponderTask; readonly link: Uint8Array } | undefined;
  /** Where a half-open responder's IKE_SA_INIT came from, until it is established or gone. */
  openedFrom: Endpoint | undefined;
  /** When its first try began, and the last one (for a responder: when the peer's first message came). */
  readonly firstStartedAt: number;
  startedAt: number;
  /** It took the place of another by rekeying: its times are not those of the authentication. */
  rekeyed = false;
  /** The IKE_SA that this one is to replace by reauthentication. */
  replaces: IkeSa | undefined;
  /** The IKE_SA under way that is to replace this one. */
  replacedBy: IkeSa | undefined;
  /** What the peer will prove with that it has lost this IKE_SA, RFC 6290. */
  peerCrashToken: Uint8Array | undefined;
  /** Both sides announced RFC 6311. */
  syncsMessageIds = false;
  /** A PPK is in its keys, RFC 8784 and RFC 9867. */
  usesPpk = false;
  /** As responder: the peer announced RFC 5685. */
  peerFollowsRedirects = false;
  /** Where to connect to, if not where the connection says. */
  destination: Destination | undefined;
  /** We began the first of the IKE_SAs that this one descends from by rekeying. */
  originalInitiator: boolean;
  /** Our request to rekey it is unanswered. */
  rekeyOpen = false;
  /** Our rekeying of it is past CREATE_CHILD_SA: the peer's may not begin any more (RFC 9370 section 2.2.4). */
  followsUp = false;
  /** The peer's rekeying of it, while that is not complete or ours may still win over it. */
  peerRekey: PeerIkeRekey | undefined;
  /** What replaced it by rekeying. */
  successor: IkeSa | undefined;
  /** What it replaced, as long as that waits to be deleted. */
  elder: IkeSa | undefined;
  /** What the peer made it to replace, as long as it has not. */
  origin: IkeSa | undefined;
  /** Listeners believe that it is up. */
  up = false;
  /** When it is to be rekeyed and when reauthenticated, monotonic milliseconds; `undefined`: never. */
  rekeyAt: number | undefined;
  reauthAt: number | undefined;
  lastInbound: number;
  lastOutbound: number;
  /** Sequences of the initial exchange used so far, for `keyingtries`. */
  tries = 1;
  /** Since when (monotonic milliseconds) the peer has answered TEMPORARY_FAILURE and nothing else. */
  temporaryFailureSince: number | undefined;
  /** We decided to delete it, even if the DELETE still waits for its turn: nobody joins it, nothing brings it back. */
  ending = false;

  readonly #tag: { name: string; readonly uniqueId: number };
  readonly #mailbox: Mailbox;
  #state: IkeSaState = { kind: 'created' };

  constructor(start: IkeSaStart) {
    this.env = start.env;
    this.uniqueId = start.uniqueId;
    this.isInitiator = start.isInitiator;
    this.originalInitiator = start.isInitiator;
    this.spiI = start.isInitiator ? start.spi : NO_SPI;
    this.spiR = start.isInitiator ? NO_SPI : start.spi;
    this.local = start.local;
    this.remote = start.remote;
    this.connection = start.connection;
    this.peer = start.peer;
    this.#tag = { name: start.connection?.name ?? '', uniqueId: start.uniqueId };
    this.log = start.env.log.forIke(this.#tag);
    this.firstStartedAt = start.env.clock.now();
    this.startedAt = this.firstStartedAt;
    this.lastInbound = this.firstStartedAt;
    this.lastOutbound = this.lastInbound;
    const { sessions } = start.env;
    this.#mailbox = new Mailbox(
      (error) => this.#failed(error),
      sessions === NO_SESSION_JOURNAL ? undefined : () => sessions.checkpoint(this),
      start.env.jobs,
    );
    this.timers = new SaTimers(start.env.clock, (name) => {
      if (name === 'halfOpen') this.patience.end('it took too long');
      this.post(() => onTimer(this, name));
    });
    this.engine = new ExchangeEngine(this, this);
    this.tasks = new TaskQueue(this);
  }

  get state(): IkeSaState {
    return this.#state;
  }

  get tag(): IkeTag {
    return this.#tag;
  }

  /** The name in sentences: `gw[1]`. */
  get label(): string {
    return `${this.#tag.name === '' ? '(unnamed)' : this.#tag.name}[${this.uniqueId}]`;
  }

  /** Our own SPI, which names this IKE_SA among all of ours. */
  get ownSpi(): IkeSpi {
    return this.isInitiator ? this.spiI : this.spiR;
  }

  get idle(): boolean {
    return !this.#mailbox.busy;
  }

  get destroyed(): boolean {
    return this.#state.kind === 'destroyed';
  }

  /** Runs a job in order with everything else that happens to this IKE_SA. */
  post(job: () => void | Promise<void>): void {
    this.#mailbox.post(job);
  }

  /** A datagram for this IKE_SA, header parsed; the octets are the caller's when this returns. */
  deliver(header: IkeHeader, datagram: Uint8Array, local: Endpoint, remote: Endpoint): void {
    if (this.#mailbox.pending >= MAX_PENDING) return;
    // An idle mailbox decodes at once; a busy one needs octets that will still be the same later.
    const octets = this.#mailbox.busy ? datagram.slice() : datagram;
    this.post(() =>
      this.destroyed ? undefined : this.engine.receive(header, octets, local, remote),
    );
  }

  send(local: Endpoint, remote: Endpoint, message: Uint8Array): void {
    this.lastOutbound = this.env.clock.now();
    if (this.log.enabled('net', 1)) {
      this.log.log(
        'net',
        1,
        `sending packet: from ${printEndpoint(local)} to ${printEndpoint(remote)} (${message.length} bytes)`,
      );
    }
    const dscp = this.connection?.dscp ?? 0;
    this.env.send(local, remote, message, dscp === 0 ? undefined : { dscp });
  }

  /** The configuration became known (responder), or another one was chosen. */
  assign(connection: ConnectionConfig): void {
    this.connection = connection;
    this.#tag.name = connection.name;
  }

  /** Begins the initial exchanges, and tells how they ended for `child`, until `signal` says that nobody asks any more. */
  initiate(child: ChildConfig | undefined, signal?: AbortSignal): Promise<Outcome> {
    const outcome = this.waiters.add(child?.name, signal);
    this.post(() => pursue(this, child));
    return outcome;
  }

  /** Closes the IKE_SA with a DELETE exchange, or at once if the peer knows nothing of it yet. */
  delete(reason: string): void {
    // What a user means is what goes on.
    if (this.successor !== undefined) {
      this.successor.delete(reason);
      return;
    }
    this.patience.end(reason);
    this.post(() => this.deleteNow(reason));
  }

  /** {@link delete} from within a job of this IKE_SA. */
  async deleteNow(reason: string): Promise<void> {
    if (this.#state.kind === 'deleting' || this.destroyed) return;
    if (this.#state.kind !== 'established') {
      await this.farewell(reason);
      return;
    }
    if (this.ending) return;
    this.ending = true;
    this.tasks.clearQueue(reason);
    this.tasks.queue(ikeDelete());
    await this.tasks.advance();
  }

  /** Authenticates anew, as `make_before_break` says: a new IKE_SA takes the place of this one. */
  reauthenticate(): void {
    this.post(() => reauthenticate(this));
  }

  /** Says DELETE without waiting for an answer and removes everything, as soon as its turn comes: shutdown, and `force`. */
  dismiss(reason: string): void {
    this.patience.end(reason);
    this.post(() => this.farewell(reason));
  }

  /** {@link dismiss} from within a job of this IKE_SA. */
  async farewell(reason: string): Promise<void> {
    sayGoodbye(this);
    await this.destroy(reason);
  }

  /** Replaces it by a new IKE_SA with new keys, unless that is under way or it is going anyway. */
  rekeyIke(): void {
    this.post(() => rekeyIke(this));
  }

  /** Replaces a CHILD_SA by a new one, unless that is under way or it is going anyway. */
  rekeyChild(child: ChildSa): void {
    this.post(() => rekeyChild(child));
  }

  /** Moves to another state; a move that the table of states does not know is a mistake of ours. */
  transition(next: IkeSaState): void {
    if (!mayFollow(this.#state, next)) {
      throw new InternalError(`IKE_SA state ${this.#state.kind} cannot become ${next.kind}`);
    }
    const leaves = this.#state.kind === 'established' && next.kind === 'deleting';
    this.#state = next;
    if (leaves) this.env.registry.leaving(this);
  }

  /** The only way to `established`: it takes the proof that the peer was authenticated. */
  establish(peer: AuthenticatedPeer): void {
    const { env } = this;
    this.transition({ kind: 'established', peer, since: env.clock.now() });
    this.remoteId = peer.identity;
    env.sessions.established(this);
    if (this.keys !== undefined) this.keys = keepSkD(this.keys);
    this.timers.stop('halfOpen');
    env.registry.established(this);
    if (this.log.enabled('ike', 0)) {
      const local = `${this.local.address}[${this.printedId('local')}]`;
      const remote = `${this.remote.address}[${this.printedId('remote')}]`;
      this.log.log('ike', 0, `IKE_SA ${this.label} established between ${local}...${remote}`);
    }
    scheduleLifetimes(this);
    watchLiveness(this);
    this.up = true;
    env.emit(() => ({ kind: 'ike-updown', up: true, ike: viewIkeSa(this) }));
    this.waiters.settle(undefined, { ok: true });
  }

  /** Becomes established in the place of `old`, whose peer was authenticated; nobody is told yet. */
  succeed(old: IkeSa): void {
    const { state } = old;
    if (state.kind !== 'established')
      throw new InternalError('only an IKE_SA that is up is rekeyed');
    this.transition({ kind: 'connecting' });
    this.transition({ kind: 'established', peer: state.peer, since: this.env.clock.now() });
    this.env.sessions.established(this);
    this.env.sessions.alongside(old, this);
    if (this.keys !== undefined) this.keys = keepSkD(this.keys);
  }

  /** Ends the IKE_SA on our side: kernel state removed, keys wiped, waiters told. */
  async destroy(reason: string): Promise<void> {
    if (this.destroyed) return;
    const state = this.#state;
    // One that was not established yet goes down as well, as in charon; one that never began to connect does not.
    const down =
      (this.up || state.kind === 'connecting') && this.env.watched() ? viewIkeSa(this) : undefined;
    if (this.up) noteEnd(this, reason);
    this.up = false;
    const since = state.kind === 'established' && { since: state.since };
    this.transition({ kind: 'destroyed', last: stateName(state), ...since });
    this.env.sessions.ended(this);
    if (this.successor?.elder === this) this.successor.elder = undefined;
    this.timers.stopAll();
    this.#mailbox.close();
    // A peer that connects again this moment finds its address free.
    this.configuration.releaseLeases();
    this.env.registry.destroyed(this);
    if (down !== undefined) this.env.emit(() => ({ kind: 'ike-updown', up: false, ike: down }));
    await this.#attempt(() => this.tasks.abandon(reason));
    if (this.responder) await this.#attempt(() => this.responder?.end());
    if (this.followUp) await this.#attempt(() => this.dropFollowUp());
    // What the peer made to replace it goes too, if it has not taken over. Most were replaced and have nothing of all this.
    if (this.peerRekey) await this.#attempt(() => this.peerRekey?.successor?.destroy(reason));
    for (const child of [...this.children.values()]) await this.#attempt(() => child.remove());
    if (this.configuration.holds) await this.#attempt(() => this.configuration.release());
    this.engine.dispose();
    this.keys?.[Symbol.dispose]();
    this.keys = undefined;
    this.waiters.settleAll({ ok: false, errmsg: reason });
    this.env.sessions.gone(this);
    this.env.registry.ended(this);
  }

  // On the way out one step that fails must not keep the others from the kernel and the keys.
  async #attempt(step: () => Promise<unknown> | undefined): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.log.log('ike', 0, `cleaning up IKE_SA ${this.label} failed: ${errorText(error)}`);
    }
  }

  /** Gives up what waits for IKE_FOLLOWUP_KE: it cannot be completed any more. */
  async dropFollowUp(): Promise<void> {
    const pending = this.followUp;
    this.followUp = undefined;
    this.timers.stop('followUp');
    await pending?.task.end();
  }

  /** Starts the initial exchanges again under a new SPI, after silence. */
  restart(): void {
    const old = this.ownSpi;
    this.startedAt = this.env.clock.now();
    this.engine.reset();
    this.keys?.[Symbol.dispose]();
    this.keys = undefined;
    this.proposal = undefined;
    this.spiI = this.env.registry.newSpi();
    this.spiR = NO_SPI;
    if (this.#state.kind === 'connecting') this.transition({ kind: 'created' });
    this.env.registry.rekeyed(this, old);
  }

  printedId(side: 'local' | 'remote'): string {
    const id = side === 'local' ? this.localId : this.remoteId;
    return id === undefined ? '%any' : printIdentity(id);
  }

  refuses(exchange: number): string | undefined {
    return refusal(this, exchange);
  }

  handleRequest(
    request: InboundRequest,
  ): OutboundResponse | undefined | Promise<OutboundResponse | undefined> {
    return handleRequest(this, request);
  }

  async handleReply(reply: Reply): Promise<void> {
    if (this.mobike?.search !== undefined) await adoptPath(this, this.mobike, reply);
    await this.tasks.resume(reply);
    if (this.mobike?.pending) await proceed(this, this.mobike);
  }

  get search(): PathSearch | undefined {
    return this.mobike?.search;
  }

  paths(): readonly Path[] {
    return nextRound(this);
  }

  suspectPath(): Promise<void> {
    return suspectPath(this);
  }

  async givenUp(exchange: number, sends: number): Promise<void> {
    await this.tasks.unanswered(exchange, sends);
  }

  heardFrom(local: Endpoint, remote: Endpoint, message: Message): void {
    this.lastInbound = this.env.clock.now();
    heardFrom(this, local, remote, message);
  }

  /** The kernel saw ESP of this peer, verified, come from another endpoint: a NAT on the way was rebound. */
  remapped(remote: Endpoint): Promise<void> {
    return remapped(this, remote);
  }

  // An exception nobody foresaw: the stack is logged, this IKE_SA dies, all others live on.
  #failed(error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log.log('ike', 0, `internal error, closing IKE_SA ${this.label}: ${stack}`);
    this.destroy(`internal error: ${errorText(error)}`).catch((second: unknown) => {
      this.log.log('ike', 0, `cleaning up IKE_SA ${this.label} failed: ${errorText(second)}`);
    });
  }
}
