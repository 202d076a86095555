import type { ConnectionConfig } from '../../config/connection-types.ts';
import { type KeyExchange, KeyExchangeError } from '../../contracts/crypto.ts';
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
import { EarlyPpk } from '../ppk-initiator.ts';
import type { OutboundRequest, Reply } from '../task.ts';

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
 * follows (RFC 9370 section 2.2.2). A PPK that is to be used here goes with the last of them, or alone (RFC 9867). Returns what
 * IKE_AUTH has to prove then.
 *
 *     HDR, SK {[KEi(n)], [N(PPK_IDENTITY_KEY)]}  -->  <--  HDR, SK {[KEr(n)], [N(PPK_IDENTITY)]}
 */
export async function* ikeIntermediate(
  sa: IkeSa,
  connection: ConnectionConfig,
  init: InitialExchanges,
): AsyncGenerator<OutboundRequest, InitialExchanges, Reply> {
  using ppk = EarlyPpk.of(sa, connection, init);
  const methods: readonly (number | undefined)[] = additionalKeMethods(sa.proposal);
  const steps = methods.length === 0 && ppk !== undefined ? [undefined] : methods;
  if (steps.length === 0) return init;
  const intAuth = new IntAuth();
  for (const [index, method] of steps.entries()) {
    const proposed = index === steps.length - 1 ? ppk : undefined;
    using exchange =
      method === undefined ? undefined : keyExchangeOf(sa.env.crypto, method).initiate();
    const reply: Reply = yield {
      exchange: ExchangeType.IKE_INTERMEDIATE,
      payloads: [
        ...(method === undefined || exchange === undefined
          ? []
          : [{ kind: 'KE', method, data: exchange.publicValue } as const]),
        ...(proposed === undefined ? [] : [proposed.proposal]),
      ],
    };
    const error = findError(reply.message);
    if (error !== undefined) {
      throw new EstablishError(
        `received ${notifyName(error.type)} notify error in IKE_INTERMEDIATE`,
      );
    }
    const secret = method === undefined ? undefined : secretOf(method, exchange, reply.message);
    intAuth.add(prfOf(sa), authKeys(sa), reply.request, reply.raw);
    updateKeys(sa, init, { secret, ppk: proposed?.settle(reply.message) });
  }
  return { ...init, intAuth: intAuth.octets() };
}

function secretOf(
  method: number,
  exchange: KeyExchange | undefined,
  message: Message,
): Uint8Array | undefined {
  const ke = find(message, 'KE');
  if (ke === undefined || ke.method !== method) {
    throw new EstablishError(
      `IKE_INTERMEDIATE response lacks the KE payload of ${nameOfKeMethod(method)}`,
    );
  }
  try {
    return exchange?.secret(ke.data);
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    throw new EstablishError(
      `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`,
      { cause: error },
    );
  }
}

/** The PRF of an IKE_SA that has keys. */
export function prfOf({ prf }: IkeSa): NonNullable<IkeSa['prf']> {
  if (prf === undefined) throw new InternalError('IKE_INTERMEDIATE before there are keys');
  return prf;
}
