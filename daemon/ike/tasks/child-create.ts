import type { ChildConfig } from '../../config/connection-types.ts';
import type { KeyExchange } from '../../contracts/crypto.ts';
import { KeyExchangeError } from '../../contracts/crypto.ts';
import { KernelError } from '../../contracts/kernel.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import type { Payload } from '../../proto/payload.ts';
import { errorText } from '../../util/error.ts';
import { ChildProposal, type Pfs } from '../child-initiator.ts';
import { keMethods, keyExchangeOf } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { find, findNotify } from '../payloads.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';
import { NONCE_OCTETS } from './ike-sa-init.ts';

/** A further CHILD_SA in an established IKE_SA, RFC 7296 section 1.3.1. */
export function childCreate(child: ChildConfig): QueuedTask {
  return {
    names: ['CHILD_CREATE'],
    child,
    run: (sa) => conversation(sa, child),
    abandoned: (sa, reason) => sa.waiters.settle(child.name, { ok: false, errmsg: reason }),
  };
}

/**
 *     HDR, SK {[N(USE_TRANSPORT_MODE)], SA, Ni, [KEi], TSi, TSr}  -->
 *                                <--  HDR, SK {[N(USE_TRANSPORT_MODE)], SA, Nr, [KEr], TSi, TSr}
 */
async function* conversation(
  sa: IkeSa,
  child: ChildConfig,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const refuse = (errmsg: string): void => {
    sa.log.log('ike', 1, `establishing CHILD_SA ${child.name} failed: ${errmsg}`);
    sa.waiters.settle(child.name, { ok: false, errmsg });
  };
  if (duplicate(sa, child)) {
    sa.log.log('ike', 1, `not establishing CHILD_SA ${child.name} due to existing duplicate`);
    refuse(`a CHILD_SA '${child.name}' with these traffic selectors exists already in ${sa.label}`);
    return;
  }
  const methods = keMethods(child.proposals);
  let method = methods[0];
  for (let attempt = 0; attempt < 2; attempt++) {
    const offer = await prepare(sa, child, refuse);
    if (offer === undefined) return;
    try {
      using exchange =
        method === undefined ? undefined : keyExchangeOf(sa.env.crypto, method).initiate();
      const ni = sa.env.random.bytes(NONCE_OCTETS);
      sa.log.log('chd', 1, `establishing CHILD_SA ${child.name}{${offer.uniqueId}}`);
      const { message }: Reply = yield {
        exchange: ExchangeType.CREATE_CHILD_SA,
        payloads: withKeyExchange(offer.payloads, ni, method, exchange),
      };
      const asked = findNotify(message, NotifyType.INVALID_KE_PAYLOAD);
      const other =
        asked === undefined ? undefined : ((asked.data[0] ?? 0) << 8) | (asked.data[1] ?? 0);
      if (other !== undefined && methods.includes(other) && other !== method) {
        method = other;
        continue;
      }
      const nonce = find(message, 'Nonce');
      const pfs = exchanged(sa, method, exchange, find(message, 'KE'));
      await offer.complete(message, ni, nonce?.data ?? new Uint8Array(0), pfs);
      pfs?.secret.fill(0);
      return;
    } finally {
      sa.earlyDeletes.clear();
      await offer.dispose();
    }
  }
  refuse('peer asked for another key exchange method twice');
}

async function prepare(
  sa: IkeSa,
  child: ChildConfig,
  refuse: (errmsg: string) => void,
): Promise<ChildProposal | undefined> {
  try {
    return await ChildProposal.prepare(sa, child, true);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    refuse(errorText(error));
    return undefined;
  }
}

/** The shared secret, if the peer took part; whether it had to is seen from the proposal it selected. */
function exchanged(
  sa: IkeSa,
  method: number | undefined,
  exchange: KeyExchange | undefined,
  ke: { readonly method: number; readonly data: Uint8Array } | undefined,
): Pfs | undefined {
  if (exchange === undefined || ke === undefined || ke.method !== method) return undefined;
  try {
    return { method, secret: exchange.secret(ke.data) };
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    sa.log.log('ike', 1, `peer sent an unusable key exchange value: ${errorText(error)}`);
    return undefined;
  }
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

function duplicate(sa: IkeSa, child: ChildConfig): boolean {
  return [...sa.children.values()].some(
    (existing) => existing.config.name === child.name && existing.state === 'INSTALLED',
  );
}
