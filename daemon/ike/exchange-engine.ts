import type { MessageProtection } from '../contracts/crypto.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import { ExchangeType, exchangeName } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import { NO_SPI } from '../proto/ike-spi.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { equalBytes } from '../util/bytes.ts';
import { coveredOfOwn } from '../wire/covered-octets.ts';
import { DecodeError } from '../wire/decode-error.ts';
import { describeMessage } from '../wire/describe.ts';
import { isFragment, Reassembler } from '../wire/fragments.ts';
import type { IkeHeader } from '../wire/header.ts';
import { peekInitRequest } from '../wire/init-peek.ts';
import { encodeFragmented, encodeMessage, parseMessage } from '../wire/message.ts';
import { checkMessage } from '../wire/message-rules.ts';
import { decodeRedirect } from '../wire/redirect-data.ts';
import { alert, alertFromOutside } from './announce.ts';
import { peerCrashed, provesCrash } from './crash-detection.ts';
import { maxIkeOctets } from './fragment-size.ts';
import type { IkeSa } from './ike-sa.ts';
import { encodeSync, maySync, readSync } from './message-id-sync.ts';
import { MessageWindow } from './message-window.ts';
import { MAX_PROBES, type Path, type PathSearch, PROBE_INTERVAL } from './mobike.ts';
import { findNotify, notify } from './payloads.ts';
import { retransmissionDelay } from './retransmission.ts';
import type { InboundRequest, OutboundRequest, OutboundResponse, Reply } from './task.ts';

/** What the engine asks of the IKE_SA it moves messages for. */
export interface EngineHost {
  /** Whether a request of this exchange type may be processed now; a reason if not. */
  refuses(exchange: number): string | undefined;
  handleRequest(request: InboundRequest): Promise<OutboundResponse | undefined>;
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
  #reassembler: Reassembler | undefined;
  /** Of the IKE_INTERMEDIATE message parsed last, what IKE_AUTH will prove. */
  #covered: Uint8Array = EMPTY;
  /** What the outstanding request asks. */
  #open: OutboundRequest | undefined;
  /** Keys of each direction, once there are any. */
  inbound: MessageProtection | undefined;
  outbound: MessageProtection | undefined;

  constructor(sa: IkeSa, host: EngineHost) {
    this.#sa = sa;
    this.#host = host;
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
    this.#reassembler = undefined;
    this.dispose();
  }

  /** Wipes the keys. */
  dispose(): void {
    this.inbound?.[Symbol.dispose]();
    this.outbound?.[Symbol.dispose]();
    this.inbound = undefined;
    this.outbound = undefined;
  }

  /** Sends a request and keeps sending it until it is answered or given up. */
  request(request: OutboundRequest): void {
    // Changed requests of the first exchange keep message id 0, RFC 7296 sections 2.6 and 2.7.
    if (request.exchange === ExchangeType.IKE_SA_INIT) this.window.repeatFirst();
    const messageId = this.window.nextRequestId;
    this.#open = request;
    const { raw, datagrams } = this.#encode(request.exchange, false, messageId, request.payloads);
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
      await this.#host.givenUp(waiting.exchange, waiting.sends);
      return;
    }
    if (waiting.sends === SUSPICIOUS_SENDS) await this.#host.suspectPath();
    log.log(
      'ike',
      1,
      `retransmit ${waiting.sends} of request with message ID ${waiting.messageId}`,
    );
    alert(env, 'retransmit-send', this.#sa);
    this.#transmitRequest(waiting.datagrams);
    this.#armRetransmit(waiting.sends);
    waiting.sends++;
  }

  /** Takes one datagram, header parsed. Nothing of `datagram` is referenced after the first `await`. */
  async receive(
    header: IkeHeader,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): Promise<void> {
    const { log } = this.#sa;
    if (maySync(header) && this.#synchronize(header, datagram, local, remote)) return;
    const verdict = header.isResponse
      ? this.window.judgeResponse(header.messageId, header.exchange)
      : this.window.judgeRequest(header.messageId, datagram);
    if (verdict === 'replay') {
      log.log(
        'ike',
        1,
        `received retransmit of request with ID ${header.messageId}, retransmitting response`,
      );
      alertFromOutside(this.#sa.env, 'retransmit-receive', this.#sa);
      this.#transmit(this.window.lastResponse, local, remote);
      return;
    }
    if (verdict === 'drop') {
      log.log(
        'ike',
        1,
        `received message ID ${header.messageId}, expected ${this.#expected(header)}, ignored`,
      );
      return;
    }
    const refusal = header.isResponse ? undefined : this.#host.refuses(header.exchange);
    if (refusal !== undefined) {
      log.log('ike', 1, `ignoring ${exchangeName(header.exchange)} request: ${refusal}`);
      return;
    }
    const message = this.#decode(header, datagram, local, remote);
    if (message === undefined) return;
    if (log.enabled('enc', 1)) log.log('enc', 1, `parsed ${describeMessage(message)}`);
    this.#sa.env.counters.message(message.exchange, message.isResponse, true, this.#sa.tag.name);
    this.#host.heardFrom(local, remote, message);
    if (message.isResponse) await this.#onReply(message, datagram, local, remote);
    else await this.#onRequest(message, datagram, local, remote);
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

  #takeCovered(): Uint8Array {
    const covered = this.#covered;
    this.#covered = EMPTY;
    return covered;
  }

  #expected(header: IkeHeader): string {
    if (!header.isResponse) return String(this.window.expectedRequestId);
    const waiting = this.window.outstanding;
    return waiting === undefined ? 'none' : String(waiting.messageId);
  }

  async #onReply(
    message: Message,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): Promise<void> {
    const waiting = this.window.outstanding;
    if (waiting === undefined) return;
    this.window.settle();
    this.#open = undefined;
    this.#sa.timers.stop('retransmit');
    if (waiting.sends > 1) alert(this.#sa.env, 'retransmit-send-cleared', this.#sa);
    const raw =
      message.exchange === ExchangeType.IKE_SA_INIT ? datagram.slice() : this.#takeCovered();
    await this.#host.handleReply({ message, raw, request: waiting.raw, local, remote });
  }

  async #onRequest(
    message: Message,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): Promise<void> {
    const kept = datagram.slice();
    const raw = message.exchange === ExchangeType.IKE_INTERMEDIATE ? this.#takeCovered() : kept;
    const response = await this.#host.handleRequest({ message, raw, local, remote });
    if (response === undefined) return;
    const { exchange, messageId } = message;
    const sent = this.#respond(exchange, messageId, response, kept, local, remote);
    await response.after?.(sent);
  }

  #respond(
    exchange: number,
    messageId: number,
    { payloads, last = false }: OutboundResponse,
    request: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): Uint8Array {
    const { raw, datagrams } = this.#encode(exchange, true, messageId, payloads);
    this.window.answered(request, datagrams);
    const { sessions } = this.#sa.env;
    if (last) sessions.ending(this.#sa, { local, remote, datagrams });
    else sessions.checkpoint(this.#sa);
    this.#transmit(datagrams, local, remote);
    return raw;
  }

  /** The message, or `undefined` after it was dropped, collected as a fragment, or answered with an error. */
  #decode(
    header: IkeHeader,
    datagram: Uint8Array,
    local: Endpoint,
    remote: Endpoint,
  ): Message | undefined {
    const { log } = this.#sa;
    const first = header.exchange === ExchangeType.IKE_SA_INIT;
    if (!first && this.inbound === undefined) {
      log.log('ike', 1, `ignoring ${exchangeName(header.exchange)} message before there are keys`);
      return undefined;
    }
    // Whoever does not hold the keys can write a message without SK: nothing in it counts.
    if (!first && header.nextPayload !== PayloadType.SK && header.nextPayload !== PayloadType.SKF) {
      if (header.isResponse && provesCrash(this.#sa, header, datagram)) {
        this.#sa.post(() => peerCrashed(this.#sa));
        return undefined;
      }
      log.log('ike', 1, `ignoring unprotected ${exchangeName(header.exchange)} message`);
      return undefined;
    }
    let opened = false;
    try {
      const message = this.#parse(header, datagram, first ? undefined : this.inbound);
      if (message === undefined) return undefined;
      opened = !first;
      checkMessage(message);
      if (first && isReflection(message)) {
        log.log('ike', 1, 'received IKE_SA_INIT response without an SPI of the peer, ignored');
        return undefined;
      }
      if (first && this.#isForgedRedirect(message)) {
        log.log('ike', 1, 'received REDIRECT notify without our nonce, ignored');
        return undefined;
      }
      return message;
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      log.log('enc', 1, `${error.message}, message dropped`);
      this.#sa.env.counters.count('invalid', this.#sa.tag.name);
      alertFromOutside(this.#sa.env, 'parse-error-body', this.#sa);
      // Only what was protected proves that the peer itself sent nonsense and may be told, RFC 7296 section 2.21.
      if (!(opened || error.authenticated) || header.isResponse) return undefined;
      const data = error.criticalType === undefined ? EMPTY : Uint8Array.of(error.criticalType);
      this.#respond(
        header.exchange,
        header.messageId,
        { payloads: [notify(error.notify, data)] },
        datagram.slice(),
        local,
        remote,
      );
      return undefined;
    }
  }

  // RFC 5685 section 3: whoever has not seen our request cannot send us elsewhere; the genuine answer may still come.
  #isForgedRedirect(message: Message): boolean {
    const redirect = findNotify(message, NotifyType.REDIRECT);
    const request = this.window.outstanding?.raw;
    if (!message.isResponse || redirect === undefined || request === undefined) return false;
    const nonce = peekInitRequest(request)?.nonce;
    const echoed = decodeRedirect(redirect.data)?.nonce;
    return nonce === undefined || echoed === undefined || !equalBytes(nonce, echoed);
  }

  #parse(
    header: IkeHeader,
    datagram: Uint8Array,
    protection: MessageProtection | undefined,
  ): Message | undefined {
    const covered =
      header.exchange === ExchangeType.IKE_INTERMEDIATE
        ? (octets: Uint8Array): void => {
            this.#covered = octets;
          }
        : undefined;
    if (protection === undefined || !isFragment(header, datagram)) {
      return parseMessage(datagram, header, protection, covered);
    }
    this.#reassembler ??= this.#newReassembler();
    const message = this.#reassembler.add(datagram, header, protection, covered);
    // What is left belongs to messages that the window will not let through any more.
    if (message !== undefined) this.#reassembler = undefined;
    return message;
  }

  // A peer that is not authenticated may send fragments too: it gets no more room than in one datagram.
  #newReassembler(): Reassembler {
    const { state, env } = this.#sa;
    return state.kind === 'established'
      ? new Reassembler()
      : new Reassembler({ maxOctets: env.options().max_packet });
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
    const datagrams = encodeFragmented(message, this.outbound, maxIkeOctets(sa));
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

/**
 * An IKE_SA_INIT response that accepts without naming an SPI of its sender: our own request, sent back to us. It ends
 * nothing, because the genuine answer may still come.
 */
function isReflection(message: Message): boolean {
  const { isResponse, spiI, spiR, payloads } = message;
  if (!isResponse || (spiR !== NO_SPI && spiR !== spiI)) return false;
  return spiR === spiI || payloads.some((payload) => payload.kind === 'SA');
}

const EMPTY = new Uint8Array(0);
/** Sends without an answer after which it is no chance any more, but something on the way. */
const SUSPICIOUS_SENDS = 3;
