import { parseProposals } from '../../daemon/config/proposals-text.ts';
import type { MessageProtection } from '../../daemon/contracts/crypto.ts';
import { pskAuth, signedOctets } from '../../daemon/crypto/auth-octets.ts';
import { IntAuth } from '../../daemon/crypto/int-auth.ts';
import { ikeKeyLengths } from '../../daemon/crypto/key-lengths.ts';
import { deriveIkeKeys, deriveRekeyedIkeKeys, type IkeKeys } from '../../daemon/crypto/keymat.ts';
import { createProtection } from '../../daemon/crypto/message-protection.ts';
import { idPayloadBody } from '../../daemon/ike/identities.ts';
import { find } from '../../daemon/ike/payloads.ts';
import type { Endpoint } from '../../daemon/proto/endpoint.ts';
import { ExchangeType } from '../../daemon/proto/iana/exchange-types.ts';
import { IdType } from '../../daemon/proto/iana/id-types.ts';
import { TransformType } from '../../daemon/proto/iana/transforms.ts';
import type { Identity } from '../../daemon/proto/identity.ts';
import { type IkeSpi, ikeSpiFrom, NO_SPI } from '../../daemon/proto/ike-spi.ts';
import type { Message, Payload } from '../../daemon/proto/payload.ts';
import type { Proposal } from '../../daemon/proto/proposal.ts';
import { transformOf } from '../../daemon/proto/proposal-transforms.ts';
import type { TrafficSelector } from '../../daemon/proto/traffic-selector.ts';
import { utf8 } from '../../daemon/util/bytes.ts';
import { Secret } from '../../daemon/util/secret.ts';
import { coveredOfOwn } from '../../daemon/wire/covered-octets.ts';
import { parseHeader } from '../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../daemon/wire/message.ts';
import { ip, ts } from '../support/selectors.ts';
import type { SimHost } from './sim-network.ts';
import { simCrypto, type World } from './world.ts';

/** Milliseconds in which a daemon that answers has answered. */
const ANSWER_TIME = 200;

/** Changes the payloads an honest initiator would send. */
export type Tampering = (payloads: readonly Payload[]) => readonly Payload[];

const honest: Tampering = (payloads) => payloads;

/**
 * An initiator held by strings: it speaks IKE with working keys and says whatever a test wants. It calls itself
 * `moon.example.org` and knows the secret of {@link pair} unless told otherwise.
 */
export class Puppet {
  readonly #world: World;
  readonly #host: SimHost;
  readonly #received: Uint8Array[] = [];
  local: Endpoint;
  remote: Endpoint;
  spiI: IkeSpi;
  spiR: IkeSpi = NO_SPI;
  messageId = 0;
  identity: Identity = { type: IdType.ID_FQDN, data: utf8('moon.example.org') };
  secret = 'a secret that nobody guesses';
  /** Its IKE proposal, with X25519 for the main key exchange. */
  ike = 'aes128gcm16-prfsha256-x25519';
  outbound: MessageProtection | undefined;
  inbound: MessageProtection | undefined;
  #keys: IkeKeys | undefined;
  #firstRequest: Uint8Array = new Uint8Array();
  #ni: Uint8Array = new Uint8Array();
  #nr: Uint8Array = new Uint8Array();
  #chosen: Proposal | undefined;
  #intAuth: IntAuth | undefined;

  constructor(world: World, address: string, target: string) {
    this.#world = world;
    this.#host = world.network.host(`puppet ${address}`, [ip(address)]);
    this.#host.onDatagram(({ data }) => this.#received.push(Uint8Array.from(data)));
    this.local = { address: ip(address), port: 500 };
    this.remote = { address: ip(target), port: 500 };
    this.spiI = (BigInt(world.random.below(2 ** 32)) * 0x1_0000_0001n + 1n) as IkeSpi;
  }

  /** Sends octets as they are; the datagrams that came back within {@link ANSWER_TIME}. */
  async raw(octets: Uint8Array): Promise<readonly Uint8Array[]> {
    this.#received.length = 0;
    this.#host.send(this.local, this.remote, octets);
    await this.#world.pass(ANSWER_TIME);
    return [...this.#received];
  }

  /** Octets of a message of ours, protected if there are keys and `clear` is not set. */
  encode(
    exchange: number,
    payloads: readonly Payload[],
    more: Partial<Message> = {},
    clear = false,
  ): Uint8Array {
    const message: Message = {
      spiI: this.spiI,
      spiR: this.spiR,
      exchange,
      isResponse: false,
      fromInitiator: true,
      messageId: this.messageId,
      payloads,
      ...more,
    };
    return encodeMessage(message, clear ? undefined : this.outbound);
  }

  /** Sends a request under the next message id and returns the answer, if there is one. */
  async request(
    exchange: number,
    payloads: readonly Payload[],
    more: Partial<Message> = {},
  ): Promise<Message | undefined> {
    const answers = await this.raw(this.encode(exchange, payloads, more));
    const answer = answers
      .map((octets) => this.decode(octets))
      .find((message) => message?.isResponse);
    if (answer !== undefined) this.messageId += 1;
    return answer;
  }

  /** A received message, `undefined` if it is none of ours. */
  decode(octets: Uint8Array): Message | undefined {
    const header = parseHeader(octets);
    if (header.spiI !== this.spiI) return undefined;
    const protection = header.exchange === ExchangeType.IKE_SA_INIT ? undefined : this.inbound;
    return parseMessage(octets, header, protection);
  }

  /** IKE_SA_INIT; with an honest answer the keys are there afterwards. */
  async init(tamper: Tampering = honest): Promise<Message | undefined> {
    const crypto = simCrypto();
    const method = crypto.keyExchange(31);
    const [proposal] = parseProposals('ike', [this.ike], crypto);
    if (method === undefined || proposal === undefined) throw new TypeError('no X25519');
    using exchange = method.initiate();
    const ni = this.#world.random.bytes(32);
    const payloads = tamper([
      { kind: 'SA', proposals: [{ ...proposal, number: 1 }] },
      { kind: 'KE', method: 31, data: exchange.publicValue },
      { kind: 'Nonce', data: ni },
    ]);
    this.#firstRequest = this.encode(ExchangeType.IKE_SA_INIT, payloads, { messageId: 0 }, true);
    const [octets] = await this.raw(this.#firstRequest);
    const answer = octets === undefined ? undefined : this.decode(octets);
    const [sa, ke, nonce] =
      answer === undefined ? [] : [find(answer, 'SA'), find(answer, 'KE'), find(answer, 'Nonce')];
    const chosen = sa?.proposals[0];
    if (answer === undefined || ke === undefined || nonce === undefined || chosen === undefined)
      return answer;
    const prf = crypto.prf(transformOf(chosen, TransformType.PRF)?.id ?? 0);
    if (prf === undefined) throw new TypeError('no PRF');
    this.spiR = answer.spiR;
    this.#ni = ni;
    this.#nr = nonce.data;
    this.#chosen = chosen;
    const secret = exchange.secret(ke.data);
    const inputs = { ni, nr: nonce.data, secret, spiI: this.spiI, spiR: this.spiR };
    this.#use(deriveIkeKeys(prf, inputs, ikeKeyLengths(chosen, crypto)), chosen);
    this.messageId = 1;
    return answer;
  }

  /** IKE_INTERMEDIATE that exchanges no keys. */
  async intermediateAlone(payloads: readonly Payload[]): Promise<Message | undefined> {
    const request = { exchange: ExchangeType.IKE_INTERMEDIATE, messageId: this.messageId };
    const answer = await this.request(request.exchange, payloads);
    if (answer !== undefined) this.#cover(request, payloads, answer);
    return answer;
  }

  #cover(
    request: Pick<Message, 'exchange' | 'messageId'>,
    payloads: readonly Payload[],
    answer: Message,
  ): void {
    const prf = simCrypto().prf(5);
    if (prf === undefined || this.#keys === undefined)
      throw new TypeError('IKE_SA_INIT comes first');
    const { spiI, spiR } = this;
    const own = { ...request, spiI, spiR, isResponse: false, fromInitiator: true, payloads };
    this.#intAuth ??= new IntAuth();
    this.#intAuth.add(prf, this.#keys, coveredOfOwn(own), coveredOfOwn(answer));
  }

  /** IKE_INTERMEDIATE with one additional key exchange; with an honest answer its keys are in force afterwards. */
  async intermediate(method: number, tamper: Tampering = honest): Promise<Message | undefined> {
    const crypto = simCrypto();
    const [prf, keys, chosen] = [crypto.prf(5), this.#keys, this.#chosen];
    const exchange = crypto.keyExchange(method)?.initiate();
    if (prf === undefined || keys === undefined || chosen === undefined || exchange === undefined)
      throw new TypeError('IKE_SA_INIT comes first');
    const payloads = tamper([{ kind: 'KE', method, data: exchange.publicValue }]);
    const request = { exchange: ExchangeType.IKE_INTERMEDIATE, messageId: this.messageId };
    const answer = await this.request(request.exchange, payloads);
    const ke = answer === undefined ? undefined : find(answer, 'KE');
    if (answer === undefined || ke === undefined) return answer;
    const { spiI, spiR } = this;
    this.#cover(request, payloads, answer);
    const secret = exchange.secret(ke.data);
    const inputs = { ni: this.#ni, nr: this.#nr, secret, spiI, spiR };
    const lengths = ikeKeyLengths(chosen, crypto);
    this.#use(deriveRekeyedIkeKeys(prf, keys.skD, prf, inputs, lengths), chosen);
    return answer;
  }

  /** Rekeys the IKE_SA and goes on with the new one; the old one is not deleted. */
  async rekeyIke(): Promise<Message | undefined> {
    const crypto = simCrypto();
    const [prf, keys, chosen] = [crypto.prf(5), this.#keys, this.#chosen];
    const exchange = crypto.keyExchange(31)?.initiate();
    if (prf === undefined || keys === undefined || chosen === undefined || exchange === undefined)
      throw new TypeError('IKE_SA_INIT comes first');
    const [ni, spi] = [this.#world.random.bytes(32), this.#world.random.bytes(8)];
    const answer = await this.request(ExchangeType.CREATE_CHILD_SA, [
      { kind: 'SA', proposals: [{ ...chosen, number: 1, spi }] },
      { kind: 'Nonce', data: ni },
      { kind: 'KE', method: 31, data: exchange.publicValue },
    ]);
    if (answer === undefined) return answer;
    const [sa, ke, nr] = [find(answer, 'SA'), find(answer, 'KE'), find(answer, 'Nonce')?.data];
    const [spiI, spiR] = [ikeSpiFrom(spi), ikeSpiFrom(sa?.proposals[0]?.spi ?? spi)];
    if (ke === undefined || nr === undefined || spiI === undefined || spiR === undefined)
      return answer;
    const secret = exchange.secret(ke.data);
    const lengths = ikeKeyLengths(chosen, crypto);
    const inputs = { ni, nr, secret, spiI, spiR };
    [this.spiI, this.spiR, this.messageId] = [spiI, spiR, 0];
    this.#use(deriveRekeyedIkeKeys(prf, keys.skD, prf, inputs, lengths), chosen);
    return answer;
  }

  #use(keys: IkeKeys, chosen: Proposal): void {
    const crypto = simCrypto();
    this.#keys = keys;
    this.outbound = createProtection(crypto, chosen, keys.skEi, keys.skAi, this.#world.random);
    this.inbound = createProtection(crypto, chosen, keys.skEr, keys.skAr, this.#world.random);
  }

  /** What an initiator signs that calls itself {@link identity}. */
  octetsToSign(): Uint8Array {
    const prf = simCrypto().prf(5);
    if (prf === undefined || this.#keys === undefined)
      throw new TypeError('IKE_SA_INIT comes first');
    return signedOctets(
      this.#firstRequest,
      this.#nr,
      prf,
      this.#keys.skPi,
      idPayloadBody(this.identity),
      this.#intAuth?.octets(),
    );
  }

  /** The AUTH payload of whoever knows {@link secret}. */
  pskAuth(): Payload {
    const prf = simCrypto().prf(5);
    if (prf === undefined) throw new TypeError('no PRF');
    const data = pskAuth(prf, new Secret(utf8(this.secret)), this.octetsToSign());
    return { kind: 'AUTH', method: 2, data };
  }

  /** The honest payloads of IKE_AUTH for the child of {@link pair}. */
  authPayloads(
    localTs: readonly TrafficSelector[] = [ts('10.1.0.0/16')],
    auth: Payload = this.pskAuth(),
  ): readonly Payload[] {
    const crypto = simCrypto();
    const [esp] = parseProposals('esp', ['aes128gcm16'], crypto);
    if (esp === undefined) throw new TypeError('no ESP proposal');
    return [
      { kind: 'IDi', identity: this.identity },
      auth,
      { kind: 'SA', proposals: [{ ...esp, number: 1, spi: Uint8Array.of(0xca, 0xfe, 0, 1) }] },
      { kind: 'TSi', selectors: localTs },
      { kind: 'TSr', selectors: [ts('10.2.0.0/16')] },
    ];
  }

  /** IKE_AUTH. */
  auth(tamper: Tampering = honest): Promise<Message | undefined> {
    return this.request(ExchangeType.IKE_AUTH, tamper(this.authPayloads()));
  }
}

/** Types of the notifies in a message. */
export function notifiesIn(message: Message | undefined): readonly number[] {
  return (message?.payloads ?? []).flatMap((payload) =>
    payload.kind === 'Notify' ? [payload.type] : [],
  );
}
