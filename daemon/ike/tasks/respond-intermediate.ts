import { KeyExchangeError } from '../../contracts/crypto.ts';
import { IntAuth } from '../../crypto/int-auth.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import { nameOfKeMethod } from '../../proto/iana/transforms.ts';
import type { Message } from '../../proto/payload.ts';
import { additionalKeMethods, authKeys, keyExchangeOf, updateKeys } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { InitialExchanges } from '../initial-exchanges.ts';
import { find, notify } from '../payloads.ts';
import { type ChosenPpk, choosePpk } from '../ppk-intermediate.ts';
import type { InboundRequest, OutboundResponse } from '../task.ts';
import { prfOf } from './ike-intermediate.ts';

/** What IKE_INTERMEDIATE leads to: the first IKE_AUTH request, with what that has to prove. */
interface Led {
  readonly init: InitialExchanges;
  readonly request: InboundRequest;
}

/**
 * IKE_INTERMEDIATE as responder: one exchange for each additional key exchange (RFC 9370 section 2.2.2), the last of which may bring
 * a PPK; where that was agreed and it does not, one more may (RFC 9867). `first` is the request after IKE_SA_INIT. Returns
 * `undefined` after a refusal, with which the IKE_SA ends.
 */
export function* respondIntermediate(
  sa: IkeSa,
  init: InitialExchanges,
  first: InboundRequest,
): Generator<OutboundResponse, Led | undefined, InboundRequest> {
  const methods = additionalKeMethods(sa.proposal);
  const intAuth = new IntAuth();
  let { ppk } = init;
  let request = first;
  for (let done = 0; ; done++) {
    const { message, raw } = request;
    if (message.exchange !== ExchangeType.IKE_INTERMEDIATE) {
      const proven = done === 0 ? init.intAuth : intAuth.octets();
      return { init: { ...init, ppk, intAuth: proven }, request };
    }
    const method = methods[done];
    const exchanged = method === undefined ? undefined : respondKe(sa, method, message);
    if (method !== undefined && exchanged === undefined) {
      yield {
        payloads: [notify(NotifyType.INVALID_SYNTAX)],
        after: () => sa.destroy('the additional key exchange failed'),
      };
      return undefined;
    }
    const last = done >= methods.length - 1;
    using chosen = last ? proposedPpk(sa, init, message) : undefined;
    if (chosen !== undefined && ppk.how === 'intermediate') ppk = { ...ppk, settled: chosen };
    const { publicValue: data, secret } = exchanged ?? {};
    request = yield {
      payloads: [
        ...(method === undefined || data === undefined
          ? []
          : [{ kind: 'KE', method, data } as const]),
        ...(chosen === undefined ? [] : [chosen.answer]),
      ],
      // The answer is protected with the keys that the request was; all that follows with the new ones.
      after: (response) => {
        intAuth.add(prfOf(sa), authKeys(sa), raw, response);
        updateKeys(sa, init, { secret, ppk: chosen?.ppk });
        if (chosen !== undefined) sa.usesPpk = true;
        if (chosen !== undefined || method === undefined) sa.mayBringPpk = false;
        if (method !== undefined) sa.intermediatesDue--;
      },
    };
  }
}

function proposedPpk(sa: IkeSa, init: InitialExchanges, message: Message): ChosenPpk | undefined {
  return init.ppk.how === 'intermediate'
    ? choosePpk(sa, init, init.ppk.numbers, message)
    : undefined;
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
