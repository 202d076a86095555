import { KeyExchangeError } from '../contracts/crypto.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { nameOfKeMethod } from '../proto/iana/transforms.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { Proposal } from '../proto/proposal.ts';
import type { Awaitable } from '../util/awaitable.ts';
import { equalBytes } from '../util/bytes.ts';
import { settled, type Waits } from '../util/waits.ts';
import { type ExchangedSecrets, wipeSecrets } from './create-exchange.ts';
import { additionalKeMethods, agreedKeMethod, keyExchangeOf } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, findNotify, notify } from './payloads.ts';
import { retransmissionTotal } from './retransmission.ts';
import type { InboundRequest, OutboundResponse, ResponderScript, ResponderTask } from './task.ts';
import { NONCE_OCTETS } from './tasks/ike-sa-init.ts';

/** What is answered to a CREATE_CHILD_SA request of the peer, once a proposal was chosen. */
export interface CreateResponse {
  readonly proposal: Proposal;
  /** The answer around Nonce and KE, which are handed in. */
  payloads(exchange: readonly Payload[]): readonly Payload[];
  /** The answer is about to leave, with this nonce of ours. */
  begin?(nr: Uint8Array): void;
  /** Why it cannot be completed any more when an additional key exchange arrives. */
  refusal(): readonly Payload[] | undefined;
  /**
   * Makes the new SA; it wipes the secrets. Payloads of the result replace the answer if there are any: a refusal. Its
   * `after` runs once the answer is on its way.
   */
  complete(nr: Uint8Array, secrets: ExchangedSecrets): Awaitable<OutboundResponse>;
}

/** Octets that tie IKE_FOLLOWUP_KE requests to what they complete, RFC 9370 section 2.2.4. */
const LINK_OCTETS = 8;

/**
 * CREATE_CHILD_SA as responder from the key exchange on (RFC 7296 section 1.3), followed by one IKE_FOLLOWUP_KE per
 * additional key exchange of the proposal (RFC 9370 section 2.2.4).
 */
export function* respondExchange(
  sa: IkeSa,
  first: InboundRequest,
  response: CreateResponse,
): ResponderScript {
  const nr = sa.env.random.bytes(NONCE_OCTETS);
  const method = agreedKeMethod(response.proposal);
  const exchanged = method === 0 ? NOTHING : keyExchange(sa, method, first.message);
  if ('refusal' in exchanged) {
    yield { payloads: exchanged.refusal };
    return;
  }
  const answer = response.payloads([{ kind: 'Nonce', data: nr }, ...exchanged.payloads]);
  const secret = exchanged.secret;
  response.begin?.(nr);
  const methods = additionalKeMethods(response.proposal);
  if (methods.length === 0) {
    const secrets = { method, secret, additional: [] };
    yield orElse(yield* settled(response.complete(nr, secrets)), answer);
    return;
  }
  const additional: Uint8Array[] = [];
  try {
    let link = sa.env.random.bytes(LINK_OCTETS);
    let request: InboundRequest = yield {
      payloads: [...answer, notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, link)],
      awaits: link,
    };
    for (const [index, method] of methods.entries()) {
      const refused = response.refusal();
      if (refused !== undefined) {
        yield { payloads: refused };
        return;
      }
      const step = keyExchange(sa, method, request.message);
      if ('refusal' in step) {
        yield { payloads: step.refusal };
        return;
      }
      if (step.secret !== undefined) additional.push(step.secret);
      if (index === methods.length - 1) {
        const secrets = { method: agreedKeMethod(response.proposal), secret, additional };
        const done = yield* settled(response.complete(nr, secrets));
        yield orElse(done, step.payloads);
        return;
      }
      link = sa.env.random.bytes(LINK_OCTETS);
      request = yield {
        payloads: [...step.payloads, notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, link)],
        awaits: link,
      };
    }
  } finally {
    wipeSecrets({ method, secret, additional });
  }
}

/** IKE_FOLLOWUP_KE as responder: the conversation that it continues, or STATE_NOT_FOUND. */
export function* respondFollowUp(sa: IkeSa, request: InboundRequest): Waits<OutboundResponse> {
  const link = findNotify(request.message, NotifyType.ADDITIONAL_KEY_EXCHANGE);
  const pending = sa.followUp;
  if (pending === undefined || link === undefined || !equalBytes(link.data, pending.link)) {
    sa.log.log('ike', 1, 'received IKE_FOLLOWUP_KE request that continues nothing');
    return { payloads: [notify(NotifyType.STATE_NOT_FOUND)] };
  }
  return yield* converse(sa, pending.task, request);
}

/** One step of a conversation about a new SA; it is kept only while it waits for IKE_FOLLOWUP_KE. */
export function* converse(
  sa: IkeSa,
  task: ResponderTask,
  request: InboundRequest,
): Waits<OutboundResponse> {
  if (sa.followUp !== undefined && sa.followUp.task !== task) {
    yield* settled(sa.followUp.task.end());
  }
  sa.followUp = undefined;
  sa.timers.stop('followUp');
  const answer = yield* settled(task.next(request));
  if (answer === undefined) return { payloads: [notify(NotifyType.INVALID_SYNTAX)] };
  if (answer.awaits === undefined) {
    yield* settled(task.end());
    return answer;
  }
  sa.followUp = { task, link: answer.awaits };
  // As long as the peer would go on asking if it retransmits as we do (RFC 9370 section 2.2.4 leaves it to us).
  sa.timers.start('followUp', retransmissionTotal(sa.env.options()));
  return answer;
}

function orElse(done: OutboundResponse, answer: readonly Payload[]): OutboundResponse {
  return done.payloads.length > 0 ? done : { ...done, payloads: answer };
}

const NOTHING = { payloads: [] as readonly Payload[], secret: undefined };

function keyExchange(
  sa: IkeSa,
  method: number,
  message: Message,
):
  | { readonly payloads: readonly Payload[]; readonly secret: Uint8Array | undefined }
  | { readonly refusal: readonly Payload[] } {
  const ke = find(message, 'KE');
  // Perfect forward secrecy was agreed: a request without it would quietly do without (RFC 7296 section 1.3.1).
  if (ke === undefined) {
    sa.log.log('ike', 1, 'request lacks the KE payload of the agreed key exchange');
    return { refusal: [notify(NotifyType.NO_PROPOSAL_CHOSEN)] };
  }
  if (ke.method !== method) {
    const [got, want] = [nameOfKeMethod(ke.method), nameOfKeMethod(method)];
    sa.log.log(
      'ike',
      1,
      `key exchange method ${got} in received payload doesn't match negotiated ${want}`,
    );
    const wanted = Uint8Array.of(method >>> 8, method & 0xff);
    return { refusal: [notify(NotifyType.INVALID_KE_PAYLOAD, wanted)] };
  }
  try {
    const { publicValue, secret } = keyExchangeOf(sa.env.crypto, method).respond(ke.data);
    return { payloads: [{ kind: 'KE', method, data: publicValue }], secret };
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    sa.log.log('ike', 1, `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`);
    return { refusal: [notify(NotifyType.INVALID_SYNTAX)] };
  }
}
