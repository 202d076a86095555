import { KeyExchangeError } from '../../contracts/crypto.ts';
import { IntAuth } from '../../crypto/int-auth.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import { isAdditionalKe, KeMethod, nameOfKeMethod } from '../../proto/iana/transforms.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { InternalError } from '../../util/error.ts';
import { EstablishError } from '../errors.ts';
import { additionalKeMethods, authKeys, keyExchangeOf, updateKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { InitialExchanges } from '../initial-exchanges.ts';
import { find, findError, findNotify, notify } from '../payloads.ts';
import type { InboundRequest, OutboundRequest, OutboundResponse, Reply } from '../task.ts';

/** Whether one of these proposals has, or may have, additional key exchanges (RFC 9370). */
export function hasAdditionalKe(proposals: readonly Proposal[]): boolean {
  return proposals.some(({ transforms }) =>
    transforms.some(({ type, id }) => isAdditionalKe(type) && id !== KeMethod.KE_NONE),
  );
}

/**
 * What a peer offers that cannot carry additional key exchanges out: they are left away where it lists NONE beside them, and with
 * them the whole proposal where it does not.
 */
export function withoutAdditionalKe(proposals: readonly Proposal[]): readonly Proposal[] {
  if (!hasAdditionalKe(proposals)) return proposals;
  return proposals.flatMap((proposal) => {
    const transforms = proposal.transforms.filter(
      ({ type, id }) => !isAdditionalKe(type) || id === KeMethod.KE_NONE,
    );
    const types = new Set(transforms.map(({ type }) => type));
    const whole = proposal.transforms.every(({ type }) => types.has(type));
    return whole ? [{ ...proposal, transforms }] : [];
  });
}

/** N(INTERMEDIATE_EXCHANGE_SUPPORTED) for IKE_SA_INIT, where it is of use (RFC 9242 section 3.1). */
export function announceIntermediate(useful: boolean): readonly Payload[] {
  return useful ? [notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)] : [];
}

/** Whether the peer announced RFC 9242 in this message of IKE_SA_INIT. */
export function announcesIntermediate(message: Message): boolean {
  return findNotify(message, NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED) !== undefined;
}

/**
 * The additional key exchanges of the agreed proposal as initiator, one after the other, each with new keys for all that
 * follows (RFC 9370 section 2.2.2). Returns what IKE_AUTH has to prove then.
 *
 *     HDR, SK {KEi(n)}  -->  <--  HDR, SK {KEr(n)}
 */
export async function* ikeIntermediate(
  sa: IkeSa,
  init: InitialExchanges,
): AsyncGenerator<OutboundRequest, InitialExchanges, Reply> {
  const methods = additionalKeMethods(sa.proposal);
  if (methods.length === 0) return init;
  const intAuth = new IntAuth();
  for (const method of methods) {
    using exchange = keyExchangeOf(sa.env.crypto, method).initiate();
    const reply: Reply = yield {
      exchange: ExchangeType.IKE_INTERMEDIATE,
      payloads: [{ kind: 'KE', method, data: exchange.publicValue }],
    };
    const error = findError(reply.message);
    if (error !== undefined) {
      throw new EstablishError(
        `received ${notifyName(error.type)} notify error in IKE_INTERMEDIATE`,
      );
    }
    const ke = find(reply.message, 'KE');
    if (ke === undefined || ke.method !== method) {
      throw new EstablishError(
        `IKE_INTERMEDIATE response lacks the KE payload of ${nameOfKeMethod(method)}`,
      );
    }
    const secret = orUnusable(method, () => exchange.secret(ke.data));
    intAuth.add(prfOf(sa), authKeys(sa), reply.request, reply.raw);
    updateKeys(sa, init.ni, init.nr, secret);
  }
  return { ...init, intAuth: intAuth.octets() };
}

/**
 * The same as responder. `first` is the request after IKE_SA_INIT; returns the first IKE_AUTH request with what that has to
 * prove, or `undefined` after a refusal, with which the IKE_SA ends.
 */
export async function* respondIntermediate(
  sa: IkeSa,
  init: InitialExchanges,
  first: InboundRequest,
): AsyncGenerator<
  OutboundResponse,
  { readonly init: InitialExchanges; readonly request: InboundRequest } | undefined,
  InboundRequest
> {
  const methods = additionalKeMethods(sa.proposal);
  let request = first;
  if (methods.length === 0) return { init, request };
  const intAuth = new IntAuth();
  for (const method of methods) {
    const exchanged = respondKe(sa, method, request.message);
    if (exchanged === undefined) {
      yield {
        payloads: [notify(NotifyType.INVALID_SYNTAX)],
        after: () => sa.destroy('the additional key exchange failed'),
      };
      return undefined;
    }
    const { raw } = request;
    request = yield {
      payloads: [{ kind: 'KE', method, data: exchanged.publicValue }],
      // The answer is protected with the keys that the request was; all that follows with the new ones.
      after: (response) => {
        intAuth.add(prfOf(sa), authKeys(sa), raw, response);
        updateKeys(sa, init.ni, init.nr, exchanged.secret);
        sa.intermediatesDue--;
      },
    };
  }
  return { init: { ...init, intAuth: intAuth.octets() }, request };
}

function respondKe(
  sa: IkeSa,
  method: number,
  message: Message,
): { readonly publicValue: Uint8Array; readonly secret: Uint8Array } | undefined {
  const ke = find(message, 'KE');
  if (ke?.method !== method) {
    const got = ke === undefined ? 'none' : nameOfKeMethod(ke.method);
    sa.log.log(
      'ike',
      1,
      `key exchange method ${got} in IKE_INTERMEDIATE doesn't match negotiated ${nameOfKeMethod(method)}`,
    );
    return undefined;
  }
  try {
    return keyExchangeOf(sa.env.crypto, method).respond(ke.data);
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    sa.log.log('ike', 1, `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`);
    return undefined;
  }
}

function orUnusable(method: number, derive: () => Uint8Array): Uint8Array {
  try {
    return derive();
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    throw new EstablishError(
      `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`,
      { cause: error },
    );
  }
}

function prfOf({ prf }: IkeSa): NonNullable<IkeSa['prf']> {
  if (prf === undefined) throw new InternalError('IKE_INTERMEDIATE before there are keys');
  return prf;
}
