import type { KeyExchange } from '../contracts/crypto.ts';
import { KeyExchangeError } from '../contracts/crypto.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { nameOfKeMethod } from '../proto/iana/transforms.ts';
import type { Message, NotifyPayload, Payload } from '../proto/payload.ts';
import { errorText } from '../util/error.ts';
import { additionalKeMethods, keyExchangeOf } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { find, findError, findNotify, notify } from './payloads.ts';
import { AS_SENT, type OutboundRequest, type Reply } from './task.ts';
import { NONCE_OCTETS } from './tasks/ike-sa-init.ts';

/** Our half of a CREATE_CHILD_SA exchange whose request is out. */
export interface PendingExchange {
  readonly ni: Uint8Array;
  readonly method: number | undefined;
  readonly exchange: KeyExchange | undefined;
}

/** A CREATE_CHILD_SA request of ours. */
export interface CreateRequest {
  /** SA and everything that is neither Nonce nor KE. */
  readonly payloads: readonly Payload[];
  /** Key exchange methods offered, and the one to begin with; none means no key exchange. */
  readonly methods: readonly number[];
  readonly first: number | undefined;
  /**
   * Asked with the nonces before additional key exchanges begin: `false` gives the attempt up without a word, which is
   * all that the loser of a collision does (RFC 9370 section 2.2.4).
   */
  readonly mayFollowUp?: (ni: Uint8Array, nr: Uint8Array) => Promise<boolean>;
  /** Told of each request before it leaves; `undefined` before one whose answer another process could not take. */
  readonly sent?: (pending: PendingExchange | undefined) => void;
  /** The request is out already: a predecessor of this process sent it. */
  readonly resumed?: PendingExchange | undefined;
}

/** Secrets of one CREATE_CHILD_SA exchange; whoever gets them wipes them. */
export interface ExchangedSecrets {
  /** Of the KE payloads; `method` 0 if there were none. */
  readonly method: number;
  readonly secret: Uint8Array | undefined;
  /** SK(1), SK(2)… of IKE_FOLLOWUP_KE, RFC 9370. */
  readonly additional: readonly Uint8Array[];
}

/** What came of it. */
export type CreateAnswer =
  | {
      readonly kind: 'answered';
      readonly message: Message;
      readonly ni: Uint8Array;
      readonly nr: Uint8Array;
      readonly secrets: ExchangedSecrets;
    }
  | { readonly kind: 'refused'; readonly error: NotifyPayload; readonly message: Message }
  /** Given up by {@link CreateRequest.mayFollowUp}. */
  | { readonly kind: 'withdrawn' };

const EMPTY = new Uint8Array(0);

/** Wipes what an exchange arrived at. */
export function wipeSecrets({ secret, additional }: ExchangedSecrets): void {
  secret?.fill(0);
  for (const one of additional) one.fill(0);
}

/**
 * CREATE_CHILD_SA as initiator (RFC 7296 section 1.3), once more with another group if the peer asks for one that was
 * offered (section 2.7), and with the additional key exchanges of RFC 9370 section 2.2.4:
 *
 *     HDR, SK {SA, Ni, [KEi], …}  -->  <--  HDR, SK {SA, Nr, [KEr], …, [N(ADDITIONAL_KEY_EXCHANGE)]}
 *     IKE_FOLLOWUP_KE: HDR, SK {KEi(n), N(ADDITIONAL_KEY_EXCHANGE)}  -->  <--  HDR, SK {KEr(n), […]}
 */
export async function* createExchange(
  sa: IkeSa,
  request: CreateRequest,
): AsyncGenerator<OutboundRequest, CreateAnswer, Reply> {
  const { methods, resumed } = request;
  const first = request.first;
  let method = first !== undefined && methods.includes(first) ? first : methods[0];
  if (resumed !== undefined) method = resumed.method;
  for (let attempt = 0; ; attempt++) {
    const isOut = attempt === 0 && resumed !== undefined;
    using exchange = isOut
      ? resumed.exchange
      : method === undefined
        ? undefined
        : keyExchangeOf(sa.env.crypto, method).initiate();
    const ni = isOut ? resumed.ni : sa.env.random.bytes(NONCE_OCTETS);
    request.sent?.({ ni, method, exchange });
    const { message }: Reply = yield isOut
      ? AS_SENT
      : {
          exchange: ExchangeType.CREATE_CHILD_SA,
          payloads: withKeyExchange(request.payloads, ni, method, exchange),
        };
    request.sent?.(undefined);
    const other = askedMethod(message);
    if (attempt === 0 && other !== undefined && other !== method && methods.includes(other)) {
      sa.log.log(
        'ike',
        1,
        `peer didn't accept key exchange method ${nameOfKeMethod(method ?? 0)}, it requested ${nameOfKeMethod(other)}`,
      );
      method = other;
      continue;
    }
    const error = findError(message);
    if (error !== undefined) return { kind: 'refused', error, message };
    const nr = find(message, 'Nonce')?.data ?? EMPTY;
    const ke = find(message, 'KE');
    const secret =
      exchange === undefined || ke === undefined || ke.method !== method
        ? undefined
        : sharedSecret(sa, exchange, ke);
    const secrets = { method: secret === undefined ? 0 : (method ?? 0), secret, additional: [] };
    const link = findNotify(message, NotifyType.ADDITIONAL_KEY_EXCHANGE);
    const more = additionalKeMethods(find(message, 'SA')?.proposals[0]);
    if (link === undefined || more.length === 0) {
      return { kind: 'answered', message, ni, nr, secrets };
    }
    if (!mayCarryOut(request.payloads, more)) {
      wipeSecrets(secrets);
      sa.log.log('ike', 1, 'peer selected additional key exchanges that we did not propose');
      return unusable(message);
    }
    if ((await request.mayFollowUp?.(ni, nr)) === false) {
      wipeSecrets(secrets);
      return { kind: 'withdrawn' };
    }
    const additional: Uint8Array[] = [];
    const refused = yield* followUps(sa, more, link.data, additional);
    if (refused !== undefined) {
      wipeSecrets({ ...secrets, additional });
      return refused;
    }
    return { kind: 'answered', message, ni, nr, secrets: { ...secrets, additional } };
  }
}

/** Whether we proposed these additional key exchanges: nobody makes us carry out others. */
function mayCarryOut(payloads: readonly Payload[], methods: readonly number[]): boolean {
  const proposals = payloads.flatMap((one) => (one.kind === 'SA' ? one.proposals : []));
  const offered = new Set(proposals.flatMap(additionalKeMethods));
  return methods.every((method) => offered.has(method));
}

/** One IKE_FOLLOWUP_KE per method; the secrets go to `done`. */
async function* followUps(
  sa: IkeSa,
  methods: readonly number[],
  firstLink: Uint8Array,
  done: Uint8Array[],
): AsyncGenerator<OutboundRequest, CreateAnswer | undefined, Reply> {
  let link = firstLink;
  for (const method of methods) {
    using exchange = keyExchangeOf(sa.env.crypto, method).initiate();
    const { message }: Reply = yield {
      exchange: ExchangeType.IKE_FOLLOWUP_KE,
      payloads: [
        { kind: 'KE', method, data: exchange.publicValue },
        notify(NotifyType.ADDITIONAL_KEY_EXCHANGE, link),
      ],
    };
    const error = findError(message);
    if (error !== undefined) return { kind: 'refused', error, message };
    const ke = find(message, 'KE');
    const secret =
      ke === undefined || ke.method !== method ? undefined : sharedSecret(sa, exchange, ke);
    if (secret === undefined) return unusable(message);
    done.push(secret);
    link = findNotify(message, NotifyType.ADDITIONAL_KEY_EXCHANGE)?.data ?? link;
  }
  return undefined;
}

// To our own side a nonsensical answer is the same as a refusal.
function unusable(message: Message): CreateAnswer {
  return { kind: 'refused', error: notify(NotifyType.INVALID_SYNTAX), message };
}

function sharedSecret(
  sa: IkeSa,
  exchange: KeyExchange,
  ke: { readonly method: number; readonly data: Uint8Array },
): Uint8Array | undefined {
  try {
    return exchange.secret(ke.data);
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    sa.log.log('ike', 1, `peer sent an unusable key exchange value: ${errorText(error)}`);
    return undefined;
  }
}

function askedMethod(message: Message): number | undefined {
  const asked = findNotify(message, NotifyType.INVALID_KE_PAYLOAD);
  if (asked === undefined || asked.data.length !== 2) return undefined;
  return ((asked.data[0] ?? 0) << 8) | (asked.data[1] ?? 0);
}

function withKeyExchange(
  payloads: readonly Payload[],
  ni: Uint8Array,
  method: number | undefined,
  exchange: KeyExchange | undefined,
): readonly Payload[] {
  const split = payloads.findIndex((payload) => payload.kind === 'SA') + 1;
  const ke: Payload[] =
    method === undefined || exchange === undefined
      ? []
      : [{ kind: 'KE', method, data: exchange.publicValue }];
  return [
    ...payloads.slice(0, split),
    { kind: 'Nonce', data: ni },
    ...ke,
    ...payloads.slice(split),
  ];
}
