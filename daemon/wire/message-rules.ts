import { ExchangeType, exchangeName } from '../proto/iana/exchange-types.ts';
import { isErrorNotify, NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, Payload, PayloadKind } from '../proto/payload.ts';
import { MAX_PAYLOADS } from './chain.ts';
import { DecodeError } from './decode-error.ts';

/** How often a payload may be there. */
export interface PayloadRule {
  readonly kind: PayloadKind;
  readonly min: number;
  readonly max: number;
}

/** What one direction of an exchange carries, in the order it is sent in; RFC 7296 appendix C. */
export interface MessageRule {
  readonly encrypted: boolean;
  readonly payloads: readonly PayloadRule[];
}

// Counts that honest peers stay far below; without them one datagram could hold thousands of each.
const MAX_NOTIFY = 20;
const MAX_DELETE = 20;
const MAX_CERT = 8;
const MAX_CERTREQ = 20;
const MAX_VENDOR = 20;

const one = (kind: PayloadKind): PayloadRule => ({ kind, min: 1, max: 1 });
const optional = (kind: PayloadKind): PayloadRule => ({ kind, min: 0, max: 1 });
const upTo = (max: number, kind: PayloadKind): PayloadRule => ({ kind, min: 0, max });

const notifies = upTo(MAX_NOTIFY, 'Notify');
const vendors = upTo(MAX_VENDOR, 'Vendor');
const certs = upTo(MAX_CERT, 'CERT');
const certreqs = upTo(MAX_CERTREQ, 'CERTREQ');

const initRequest = [one('SA'), one('KE'), one('Nonce'), notifies, vendors];
const childCreation = [
  notifies,
  optional('CP'),
  one('SA'),
  one('Nonce'),
  optional('KE'),
  optional('TSi'),
  optional('TSr'),
  vendors,
];
const childOfAuth = [
  optional('CP'),
  optional('SA'),
  optional('TSi'),
  optional('TSr'),
  notifies,
  vendors,
];
const informational = [notifies, upTo(MAX_DELETE, 'Delete'), optional('CP'), vendors];
const intermediate = [optional('KE'), notifies, vendors];

/** Exchange by direction. Unknown payloads may stand anywhere: RFC 7296 section 2.5 has them ignored. */
const rules: ReadonlyMap<
  number,
  { readonly request: MessageRule; readonly response: MessageRule }
> = new Map([
  [
    ExchangeType.IKE_SA_INIT,
    {
      request: { encrypted: false, payloads: initRequest },
      response: {
        encrypted: false,
        payloads: [one('SA'), one('KE'), one('Nonce'), certreqs, notifies, vendors],
      },
    },
  ],
  [
    ExchangeType.IKE_SESSION_RESUME,
    {
      request: { encrypted: false, payloads: [one('Nonce'), notifies, vendors] },
      response: { encrypted: false, payloads: [one('Nonce'), notifies, vendors] },
    },
  ],
  [
    ExchangeType.IKE_AUTH,
    {
      request: {
        encrypted: true,
        payloads: [
          optional('IDi'),
          certs,
          certreqs,
          optional('IDr'),
          optional('AUTH'),
          optional('EAP'),
          ...childOfAuth,
        ],
      },
      // Which of them must be there depends on the round: RFC 7296 section 2.16, RFC 4739. A request is empty where only the responder
      // has rounds left.
      response: {
        encrypted: true,
        payloads: [optional('IDr'), certs, optional('AUTH'), optional('EAP'), ...childOfAuth],
      },
    },
  ],
  [
    ExchangeType.CREATE_CHILD_SA,
    {
      request: { encrypted: true, payloads: childCreation },
      response: { encrypted: true, payloads: childCreation },
    },
  ],
  [
    ExchangeType.INFORMATIONAL,
    {
      request: { encrypted: true, payloads: informational },
      response: { encrypted: true, payloads: informational },
    },
  ],
  [
    ExchangeType.IKE_INTERMEDIATE,
    {
      request: { encrypted: true, payloads: intermediate },
      response: { encrypted: true, payloads: intermediate },
    },
  ],
  [
    ExchangeType.IKE_FOLLOWUP_KE,
    {
      request: { encrypted: true, payloads: [one('KE'), notifies, vendors] },
      response: { encrypted: true, payloads: [one('KE'), notifies, vendors] },
    },
  ],
]);

/** The rule of a message, `undefined` for an exchange that is not spoken here. */
export function ruleFor(exchange: number, isResponse: boolean): MessageRule | undefined {
  const both = rules.get(exchange);
  return isResponse ? both?.response : both?.request;
}

/**
 * Checks that a message carries what its exchange allows and needs. A response that refuses the request need
 * not carry anything else. The order of payloads is not checked: RFC 7296 section 2.5 forbids that.
 * Throws {@link DecodeError}.
 */
export function checkMessage(message: Message): void {
  const { exchange, isResponse, payloads } = message;
  const rule = ruleFor(exchange, isResponse);
  if (rule === undefined) throw refuse(`unknown exchange ${exchangeName(exchange)}`);
  if (payloads.length > MAX_PAYLOADS) throw refuse(`${payloads.length} payloads`);
  let allowed = countOf(payloads, 'Unknown');
  for (const { kind, max } of rule.payloads) {
    const count = countOf(payloads, kind);
    if (count > max) throw refuse(`${count} payloads, at most ${max} allowed`, kind);
    allowed += count;
  }
  if (allowed < payloads.length) throw misplaced(message, rule);
  checkAddressing(message);
  if (isResponse && payloads.some(isRefusal)) return;
  for (const { kind, min } of rule.payloads) {
    if (min > 0 && countOf(payloads, kind) < min) throw refuse('payload is missing', kind);
  }
  checkTogether(message);
}

function misplaced({ exchange, payloads }: Message, rule: MessageRule): DecodeError {
  const stranger = payloads.find(
    ({ kind }) => kind !== 'Unknown' && !rule.payloads.some((entry) => entry.kind === kind),
  );
  return refuse(`${stranger?.kind} payload in ${exchangeName(exchange)}`, stranger?.kind);
}

/**
 * Sorts payloads into the order in which an exchange sends them; equal kinds keep their order. N(COOKIE) comes
 * first, where RFC 7296 section 2.6 wants it.
 */
export function orderPayloads(
  exchange: number,
  isResponse: boolean,
  payloads: readonly Payload[],
): Payload[] {
  const kinds = ruleFor(exchange, isResponse)?.payloads.map((entry) => entry.kind) ?? [];
  const rank = (payload: Payload): number => {
    if (payload.kind === 'Notify' && payload.type === NotifyType.COOKIE) return -1;
    const index = kinds.indexOf(payload.kind);
    return index < 0 ? kinds.length : index;
  };
  return payloads.toSorted((a, b) => rank(a) - rank(b));
}

function countOf(payloads: readonly Payload[], kind: PayloadKind): number {
  let count = 0;
  for (const payload of payloads) if (payload.kind === kind) count++;
  return count;
}

function has(payloads: readonly Payload[], kind: PayloadKind): boolean {
  return countOf(payloads, kind) > 0;
}

/** A notify that stands in for everything else: an error, or a request to ask again or elsewhere. */
function isRefusal(payload: Payload): boolean {
  if (payload.kind !== 'Notify') return false;
  const { type } = payload;
  return isErrorNotify(type) || type === NotifyType.COOKIE || type === NotifyType.REDIRECT;
}

// RFC 7296 sections 2.2, 2.6 and 3.1: the first exchange has message id 0 and no responder SPI in its request.
function checkAddressing({ exchange, isResponse, fromInitiator, messageId, spiR }: Message): void {
  if (ruleFor(exchange, isResponse)?.encrypted !== false) return;
  if (messageId !== 0) throw refuse(`message id ${messageId}`);
  if (fromInitiator === isResponse) throw refuse('Initiator flag contradicts the direction');
  if (!isResponse && spiR !== 0n) throw refuse('request with a responder SPI');
}

// What the "optional" of the table leaves open: payloads that belong to each other.
function checkTogether({ exchange, isResponse, payloads, spiR }: Message): void {
  if (exchange === ExchangeType.IKE_SA_INIT && isResponse && spiR === 0n) {
    throw refuse('response without responder SPI');
  }
  const hasSelectors = has(payloads, 'TSi');
  if (hasSelectors !== has(payloads, 'TSr')) throw refuse('TSi and TSr belong together');
  if (exchange === ExchangeType.IKE_AUTH && has(payloads, 'SA') !== hasSelectors) {
    throw refuse('SA and traffic selectors belong together');
  }
  const proves = has(payloads, 'IDi') || has(payloads, 'AUTH') || has(payloads, 'EAP');
  if (exchange === ExchangeType.IKE_AUTH && !isResponse && hasSelectors && !proves) {
    throw refuse('none of the payloads IDi, AUTH, EAP');
  }
  if (exchange === ExchangeType.CREATE_CHILD_SA) {
    const rekeysIke = firstProtocol(payloads) === ProtocolId.IKE;
    if (rekeysIke === hasSelectors) {
      throw refuse(rekeysIke ? 'selectors for an IKE_SA' : 'payload is missing', 'TSi');
    }
    if (rekeysIke && !has(payloads, 'KE')) throw refuse('payload is missing', 'KE');
  }
  if (exchange === ExchangeType.IKE_FOLLOWUP_KE && !isResponse) {
    requireNotify(payloads, NotifyType.ADDITIONAL_KEY_EXCHANGE);
  }
  if (exchange === ExchangeType.IKE_SESSION_RESUME && !isResponse) {
    requireNotify(payloads, NotifyType.TICKET_OPAQUE);
  }
}

function firstProtocol(payloads: readonly Payload[]): number | undefined {
  for (const payload of payloads) if (payload.kind === 'SA') return payload.proposals[0]?.protocol;
  return undefined;
}

function requireNotify(payloads: readonly Payload[], type: number): void {
  if (!payloads.some((payload) => payload.kind === 'Notify' && payload.type === type)) {
    throw refuse(`notify ${type} is missing`);
  }
}

function refuse(reason: string, payload = 'message'): DecodeError {
  return new DecodeError({ payload, offset: 0, reason });
}
