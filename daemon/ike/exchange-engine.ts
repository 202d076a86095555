import type { MessageProtection } from '../contracts/crypto.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import { ExchangeType, exchangeName } from '../proto/iana/exchange-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { coveredOfOwn } from '../wire/covered-octets.ts';
import { describeMessage } from '../wire/describe.ts';
import type { IkeHeader } from '../wire/header.ts';
import { encodeFragmented, encodeMessage } from '../wire/message.ts';
import { alert, alertFromOutside } from './announce.ts';
import { FragmentSize } from './fragment-size.ts';
import type { IkeSa } from './ike-sa.ts';
import { encodeSync, maySync, readSync } from './message-id-sync.ts';
import { type MessageRead, MessageReader } from './message-reader.ts';
import { fingerprintOf, MessageWindow } from './message-window.ts';
import { MAX_PROBES, type Path, type PathSearch, PROBE_INTERVAL } from './mobike.ts';
import { retransmissionDelay } from './retransmission.ts';
import type { InboundRequest, OutboundRequest, OutboundResponse, Reply } from './task.ts';

/** What the engine asks of the IKE_SA it moves messages for. */
export interface EngineHost {
  /** Whether a request of this exchange type may be processed now; a reason if not. */
  refuses(exchange: number): string | undefined;
  handleRequest(
    request: InboundRequest,
  ): OutboundResponse | undefined | Promise<OutboundResponse | undefined>;
  handleReply(reply: Reply): Promise<void>;
  /** The outstanding request got no answer after its last retransmission. */
  givenUp(exchange: number, sends: number): Promise<void>;
  /** Where the next sending of our request goes: over one path, or over all that might work. */
  paths(): readonly Path[];
  /** The search for a path under way, if there is one. */
  readonly search: PathSearch | undefined;
  /** The peer is silent for so long that another path may be worth a try. */
  suspectPath(): Promise<void>;
  /** A message that is authentic (or part of the unprotected first exchange) came from these endpoints. */
  heardFrom(local: Endpoint, remote: Endpoint, message: Message): void;
}

/**
 * Moves the messages of one IKE_SA: message ids, retransmission, replay of answers, protection and fragmentation
 * (RFC 7296 sections 2.1 to 2.3, RFC 7383). It knows nothing of what the messages mean.
 */
export class ExchangeEngine {
  readonly #sa: IkeSa;
  readonly #host: EngineHost;
  readonly window = new MessageWindow();
  readonly #size: FragmentSize;
  readonly #reader: MessageReader;
  /** What the outstanding request asks. */
  #open: OutboundRequest | undefined;
  /** When the outstanding request was sent first, monotonic milliseconds. */
  #sentAt = 0;
  /** Keys of both directions that the last answer was protected with, where others came after it. */
  #retired: readonly (MessageProtection | undefined)[] = NO_KEYS;
  /** Keys of each direction, once there are any. */
  inbound: MessageProtection | undefined;
  outbound: MessageProtection | undefined;

  constructor(sa: IkeSa, host: EngineHost) {
    this.#sa = sa;
    this.#host = host;
    this.#size = new FragmentSize(sa);
    this.#reader = new MessageReader(sa, this.#size);
  }

  /** A request of ours is unanswered. */
  get waiting(): boolean {
    return this.window.outstanding !== undefined;
  }

  /** We have sent more than the first request. */
  get sentAny(): boolean {
    return this.window.nextRequestId > 1;
  }

  /** Exchange type of the unanswered request. */
  get awaited(): number | undefined {
    return this.window.outstanding?.exchange;
  }

  /** Octets of our IKE_SA_INIT response while it is the last one, for IKE_AUTH to sign. */
  get firstResponse(): Uint8Array {
    return this.window.lastResponse[0] ?? EMPTY;
  }

  /** Forgets every message, for a new try under a new SPI. */
  reset(): void {
    this.window.reset();
    this.#reader.reset();
    this.dispose();
  }

  /** Wipes the keys. */
  dispose(): void {
    this.retireKeys();
    this.#wipeRetired();
  }

  /**
   * The keys end here, and others follow. A responder keeps them until it has answered another request: the peer may ask for the
   * answer that changed them in other fragments.
   */
  retireKeys(): void {
    this.#wipeRetired();
    this.#retired = [this.inbound, this.outbound];
    this.inbound = undefined;
    this.outbound = undefined;
    if (this.#sa.isInitiator) this.#wipeRetired();
  }

  #wipeRetired(): void {
    if (this.#retired.length === 0) return;
    for (const protection of this.#retired) protection?.[Symbol.dispose]();
    this.#retired = NO_KEYS;
  }

  /** Sends a request and keeps sending it until it is answered or given up. */
  request(request: OutboundRequest): void {
    // Changed requests of the first exchange keep message id 0, RFC 7296 sections 2.6 and 2.7.
    if (request.exchange === ExchangeType.IKE_SA_INIT) this.window.repeatFirst();
    const messageId = this.window.nextRequestId;
    this.#open = request;
    const { raw, datagrams } = this.#encode(request.exchange, false, messageId, request.payloads);
    this.#sentAt = this.#sa.env.clock.now();
    this.window.sent(request.exchange, raw, datagrams);
    this.#sa.env.sessions.checkpoint(this.#sa);
    this.#transmitRequest(datagrams);
    this.#armRetransmit(0);
  }

  /** Sends the outstanding request of a predecessor, and goes on waiting for its answer. */
  resume(): void {
    const waiting = this.window.outstanding;
    if (waiting === undefined) return;
    waiting.sends = 1;
    this.#sentAt = this.#sa.env.clock.now();
    this.#transmitRequest(waiting.datagrams);
    this.#armRetransmit(0);
  }

  /** The ends changed: sends the outstanding request once more, between those there are now. */
  resend(): void {
    const waiting = this.window.outstanding;
    if (waiting === undefined) return;
    this.#transmitRequest(waiting.datagrams);
    if (this.#host.search?.urgent === true) this.#armRetransmit(0);
  }

  /** Sends a request that nobody waits for: the last word of an IKE_SA that is being destroyed. */
  fireAndForget(request: OutboundRequest): void {
    const { datagrams } = this.#encode(
      request.exchange,
      false,
      this.window.nextRequestId,
      request.payloads,
    );
    const { local, remote } = this.#sa;
    this.#sa.env.sessions.ending(this.#sa, { local, remote, datagrams });
    this.#transmit(datagrams);
  }

  /** The retransmit timer fired. */
  async retransmit(): Promise<void> {
    const { log, env } = this.#sa;
    const waiting = this.window.outstanding;
    if (waiting === undefined) return;
    const { search } = this.#host;
    const { retransmit_tries: tries } = env.options();
    const over = search?.urgent === true ? search.rounds >= MAX_PROBES : waiting.sends > tries;
    if (over) {
      const what = search?.urgent === true ? 'path probings' : 'retransmits';
      const count = search?.urgent === true ? search.rounds : waiting.sends - 1;
      log.log('ike', 1, `giving up after ${count} ${what}`);
      this.window.settle();
      env.observer?.givenUp(waiting.exchange);
      await this.#host.givenUp(waiting.exchange, waiting.sends);
      return;
    }
    if (waiting.sends === SUSPICIOUS_SENDS) await this.#host.suspectPath();
    if (waiting.sends === SWALLOWED_SENDS) this.#tryFragments(waiting.datagrams);
    log.log(
      'ike',
      1,
      `retransmit ${waiting.sends} of request with message ID ${waiting.messageId}`,
    );
    env.observer?.retransmitted(waiting.exchange);
    alert(env, 'retransmit-send', this.#sa);
    this.#transmitRequest(waiting.datagrams);
    this.#armRetransmit(waiting.sends);
    waiting.sends++;
  }

  /** Takes one datagram, header parsed. Nothing of `datagram` is referenced after this returns. */
  receive(
    header: IkeHeader,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): undefined | Promise<void> {
    const { log } = this.#sa;
    if (maySync(header) && this.#synchronize(header, datagram, local, remote)) return undefined;
    const verdict = header.isResponse
      ? this.window.judgeResponse(header.messageId, header.exchange)
      : this.window.judgeRequest(header.messageId, datagram);
    if (verdict === 'replay' || this.#repeatedSmaller(header, datagram)) {
      log.log(
        'ike',
        1,
        `received retransmit of request with ID ${header.messageId}, retransmitting response`,
      );
      alertFromOutside(this.#sa.env, 'retransmit-receive', this.#sa);
      this.#transmit(this.window.lastResponse, local, remote);
      return undefined;
    }
    if (verdict === 'drop') {
      log.log(
        'ike',
        1,
        `received message ID ${header.messageId}, expected ${this.#expected(header)}, ignored`,
      );
      return undefined;
    }
    const refusal = header.isResponse ? undefined : this.#host.refuses(header.exchange);
    if (refusal !== undefined) {
      log.log('ike', 1, `ignoring ${exchangeName(header.exchange)} request: ${refusal}`);
      return undefined;
    }
    const read = this.#reader.read(header, datagram, this.inbound, this.window.outstanding?.raw);
    if (read?.answer !== undefined) {
      const { exchange, messageId } = header;
      this.#respond(exchange, messageId, read.answer, fingerprintOf(datagram), local, remote);
    }
    if (read?.message === undefined) return undefined;
    const { message } = read;
    if (log.enabled('enc', 1)) log.log('enc', 1, `parsed ${describeMessage(message)}`);
    this.#sa.env.counters.message(message.exchange, message.isResponse, true, this.#sa.tag.name);
    this.#host.heardFrom(local, remote, message);
    return message.isResponse
      ? this.#onReply(read, datagram, local, remote)
      : this.#onRequest(read, datagram, local, remote);
  }

  // RFC 6311: counters that a cluster's other member has guessed. `false` leaves the message to the rules for all others.
  #synchronize(
    header: IkeHeader,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): boolean {
    const sa = this.#sa;
    if (!sa.syncsMessageIds || sa.state.kind !== 'established' || this.inbound === undefined) {
      return false;
    }
    if (this.window.repeats(0, datagram)) return false;
    const sync = readSync(header, datagram, this.inbound);
    if (sync === undefined || !this.window.synchronize(sync.send, sync.receive)) return false;
    const { nextRequestId: send, expectedRequestId: receive } = this.window;
    sa.log.log(
      'ike',
      1,
      `peer synchronized message IDs: we send ${send} and expect ${receive} next`,
    );
    const answer = encodeSync({ nonce: sync.nonce, send, receive });
    const { datagrams } = this.#encode(header.exchange, true, 0, [answer]);
    this.window.answeredSync(datagram, datagrams);
    sa.env.sessions.checkpoint(sa);
    this.#transmit(datagrams, local, remote);
    // Nobody knows whether the other member saw what we asked: it is asked again, under an id that is new to both.
    const open = this.#open;
    if (this.waiting && open !== undefined) this.request(open);
    return true;
  }

  // RFC 7383 section 2.5.2: large datagrams may vanish on the way, where it ends for IKE_AUTH with certificates.
  #tryFragments(datagrams: readonly Uint8Array[]): void {
    if (this.outbound === undefined || this.awaited === ExchangeType.IKE_SA_INIT) return;
    const smaller = this.#size.smallerRequest(datagrams, this.outbound);
    if (smaller === undefined) return;
    this.window.splitRequest(smaller);
    this.#sa.env.sessions.checkpoint(this.#sa);
  }

  // The peer repeats a request in other fragments: our answer in large ones may be what it did not get.
  #repeatedSmaller(header: IkeHeader, datagram: Uint8Array): boolean {
    const { window } = this;
    if (header.isResponse || !window.mayRepeat(header.messageId)) return false;
    const [inbound = this.inbound, outbound = this.outbound] = this.#retired;
    const keys = [inbound, outbound] as const;
    const answer = this.#size.smallerAnswer(header, datagram, window.lastResponse, keys);
    if (answer === undefined) return false;
    window.splitAnswer(datagram, answer);
    this.#sa.env.sessions.checkpoint(this.#sa);
    return true;
  }

  #expected(header: IkeHeader): string {
    if (!header.isResponse) return String(this.window.expectedRequestId);
    const waiting = this.window.outstanding;
    return waiting === undefined ? 'none' : String(waiting.messageId);
  }

  #onReply(
    { message, covered }: MessageRead,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): undefined | Promise<void> {
    const waiting = this.window.outstanding;
    if (waiting === undefined) return undefined;
    const { clock, observer } = this.#sa.env;
    observer?.answered(waiting.exchange, clock.now() - this.#sentAt);
    this.window.settle();
    this.#open = undefined;
    this.#sa.timers.stop('retransmit');
    if (waiting.sends > 1) alert(this.#sa.env, 'retransmit-send-cleared', this.#sa);
    const raw = message.exchange === ExchangeType.IKE_SA_INIT ? datagram.slice() : covered;
    return this.#host.handleReply({ message, raw, request: waiting.raw, local, remote });
  }

  #onRequest(
    { message, covered }: MessageRead,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): undefined | Promise<void> {
    const asked = fingerprintOf(datagram);
    const raw = message.exchange === ExchangeType.IKE_SA_INIT ? datagram.slice() : covered;
    const request: InboundRequest = { message, raw, local, remote };
    const response = this.#host.handleRequest(request);
    return response instanceof Promise
      ? response.then((answer) => this.#answer(request, answer, asked))
      : this.#answer(request, response, asked);
  }

  #answer(
    { message: { exchange, messageId }, local, remote }: InboundRequest,
    response: OutboundResponse | undefined,
    asked: string,
  ): undefined | Promise<void> {
    if (response === undefined) return undefined;
    const sent = this.#respond(exchange, messageId, response, asked, local, remote);
    return response.after?.(sent) ?? undefined;
  }

  #respond(
    exchange: number,
    messageId: number,
    { payloads, last = false }: OutboundResponse,
    asked: string,
    local: Endpoint,
    remote: Endpoint,
  ): Uint8Array {
    this.#wipeRetired();
    const { raw, datagrams } = this.#encode(exchange, true, messageId, payloads);
    this.window.answered(asked, datagrams);
    const { sessions } = this.#sa.env;
    if (last) sessions.ending(this.#sa, { local, remote, datagrams });
    else sessions.checkpoint(this.#sa);
    this.#transmit(datagrams, local, remote);
    return raw;
  }

  #encode(
    exchange: number,
    isResponse: boolean,
    messageId: number,
    payloads: readonly Payload[],
  ): { readonly raw: Uint8Array; readonly datagrams: readonly Uint8Array[] } {
    const sa = this.#sa;
    const message: Message = {
      spiI: sa.spiI,
      spiR: sa.spiR,
      exchange,
      isResponse,
      fromInitiator: sa.isInitiator,
      messageId,
      payloads,
    };
    sa.env.counters.message(exchange, isResponse, false, sa.tag.name);
    if (sa.log.enabled('enc', 1)) sa.log.log('enc', 1, `generating ${describeMessage(message)}`);
    if (exchange === ExchangeType.IKE_SA_INIT) {
      const raw = encodeMessage(message, undefined);
      return { raw, datagrams: [raw] };
    }
    if (this.outbound === undefined) {
      throw new TypeError(`${exchangeName(exchange)} needs keys that are not there yet`);
    }
    const raw = exchange === ExchangeType.IKE_INTERMEDIATE ? coveredOfOwn(message) : EMPTY;
    if (!sa.mayFragment) return { raw, datagrams: [encodeMessage(message, this.outbound)] };
    const datagrams = encodeFragmented(message, this.outbound, this.#size.room(isResponse));
    if (datagrams.length > 1) {
      const total = datagrams.reduce((sum, part) => sum + part.length, 0);
      sa.log.log(
        'enc',
        1,
        `splitting IKE message (${total} bytes) into ${datagrams.length} fragments`,
      );
    }
    return { raw, datagrams };
  }

  #armRetransmit(attempt: number): void {
    const { env, timers } = this.#sa;
    const delay =
      this.#host.search?.urgent === true
        ? PROBE_INTERVAL
        : retransmissionDelay(env.options(), attempt, env.random);
    timers.start('retransmit', delay);
  }

  #transmitRequest(datagrams: readonly Uint8Array[]): void {
    for (const { local, remote } of this.#host.paths()) this.#transmit(datagrams, local, remote);
  }

  #transmit(
    datagrams: readonly Uint8Array[],
    local: Endpoint = this.#sa.local,
    remote: Endpoint = this.#sa.remote,
  ): void {
    for (const datagram of datagrams) this.#sa.send(local, remote, datagram);
  }
}

const EMPTY = new Uint8Array(0);
const NO_KEYS: readonly MessageProtection[] = [];
/** Sends without an answer after which datagrams may be too large for the path. */
const SWALLOWED_SENDS = 2;
/** Sends without an answer after which it is no chance any more, but something on the way. */
const SUSPICIOUS_SENDS = 3;
