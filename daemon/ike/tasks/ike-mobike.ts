import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import { equalBytes } from '../../util/bytes.ts';
import { setEndpoints } from '../endpoints.ts';
import type { IkeSa } from '../ike-sa.ts';
import { followNat } from '../liveness.ts';
import type { Mobike } from '../mobike.ts';
import { addressUpdate, noNatsAllowed } from '../mobike-payloads.ts';
import { moveChildren } from '../move-children.ts';
import { detectNat, natDetectionPayloads } from '../nat-detection.ts';
import { additionalAddresses } from '../paths.ts';
import { findError, findNotify, notify } from '../payloads.ts';
import type { OutboundRequest, QueuedTask, Reply, Task } from '../task.ts';

type Conversation = AsyncGenerator<OutboundRequest, void, Reply>;

const COOKIE2_OCTETS = 16;

/** Updates sent again after UNEXPECTED_NAT_DETECTED, RFC 4555 section 3.9. */
const MAX_UNEXPECTED_NATS = 5;

/**
 * Whatever MOBIKE has to find out or to tell, RFC 4555 section 3.5 to 3.7: which path works, that the addresses changed,
 * which addresses we have, and whether the peer receives at the address it sends from.
 */
export function ikeMobike(): QueuedTask {
  return { names: ['IKE_MOBIKE'], run: conversation };
}

async function* conversation(sa: IkeSa): Task {
  for (
    let { mobike } = sa;
    mobike?.pending && sa.state.kind === 'established' && !sa.ending;
    { mobike } = sa
  ) {
    if (mobike.search !== undefined) yield* probe();
    else if (mobike.updatePending) yield* update(sa, mobike);
    else if (mobike.unproven) yield* checkRoutability(sa, mobike);
    else yield* tellAddresses(sa, mobike);
  }
}

// Empty, so that it is the same message on every path. The answer ends the search before it gets here.
async function* probe(): Conversation {
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [] };
}

/**
 *     HDR, SK { N(UPDATE_SA_ADDRESSES), N(NATD_S_IP), N(NATD_D_IP), N(COOKIE2), [N(ADDITIONAL_*_ADDRESS)+] }  -->
 *                                <--  HDR, SK { N(NATD_S_IP), N(NATD_D_IP), N(COOKIE2) }
 */
async function* update(sa: IkeSa, mobike: Mobike): Conversation {
  const { generation } = mobike;
  const path = { local: sa.local, remote: sa.remote };
  const cookie = sa.env.random.bytes(COOKIE2_OCTETS);
  mobike.updatePending = false;
  sa.log.log('ike', 1, `requesting address change using MOBIKE`);
  const { message }: Reply = yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [
      notify(NotifyType.UPDATE_SA_ADDRESSES),
      ...(sa.nat.known
        ? natDetectionPayloads(sa, sa.spiI, sa.spiR, sa.connection?.encap ?? false)
        : [noNatsAllowed(path)]),
      notify(NotifyType.COOKIE2, cookie),
      ...ownAddresses(sa, mobike),
    ],
  };
  if (mobike.generation !== generation) {
    // The addresses changed again: what the peer says about the ones before decides nothing.
    mobike.updatePending = true;
    return;
  }
  const refusal = findError(message);
  if (refusal !== undefined) {
    await refused(sa, mobike, refusal.type);
    return;
  }
  if (!(await returned(sa, message, cookie))) return;
  detectNat(sa, message);
  mobike.agreed = path;
  mobike.unexpectedNats = 0;
  followNat(sa);
  await moveChildren(sa, 'both');
}

async function refused(sa: IkeSa, mobike: Mobike, type: number): Promise<void> {
  sa.log.log('ike', 1, `received ${notifyName(type)} notify error, peer did not change addresses`);
  const nat = type === NotifyType.UNEXPECTED_NAT_DETECTED;
  if (nat && ++mobike.unexpectedNats <= MAX_UNEXPECTED_NATS) {
    mobike.updatePending = true;
    return;
  }
  const { local, remote } = mobike.agreed;
  mobike.unexpectedNats = 0;
  sa.log.log('ike', 1, `keeping connection path ${local.address} - ${remote.address}`);
  setEndpoints(sa, local, remote);
  await moveChildren(sa, 'both');
}

/**
 *     HDR, SK { N(COOKIE2) }  -->
 *                                <--  HDR, SK { N(COOKIE2) }
 */
async function* checkRoutability(sa: IkeSa, mobike: Mobike): Conversation {
  const { generation } = mobike;
  const cookie = sa.env.random.bytes(COOKIE2_OCTETS);
  const { message }: Reply = yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [notify(NotifyType.COOKIE2, cookie)],
  };
  // It may have been sent to more than one address meanwhile: the one in use now is asked again.
  if (mobike.generation !== generation) return;
  if (!(await returned(sa, message, cookie))) return;
  mobike.unproven = false;
  mobike.agreed = { local: sa.local, remote: sa.remote };
  await moveChildren(sa, 'out');
}

/**
 *     HDR, SK { N(ADDITIONAL_*_ADDRESS)+ | N(NO_ADDITIONAL_ADDRESSES) }  -->
 *                                <--  HDR, SK { }
 */
async function* tellAddresses(sa: IkeSa, mobike: Mobike): Conversation {
  sa.log.log('ike', 1, 'sending address list update using MOBIKE');
  const own = ownAddresses(sa, mobike);
  const nats = sa.nat.known ? [] : [noNatsAllowed({ local: sa.local, remote: sa.remote })];
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [...own, ...nats] };
}

function ownAddresses(sa: IkeSa, mobike: Mobike): readonly Payload[] {
  mobike.announced = additionalAddresses(sa);
  mobike.listPending = false;
  return addressUpdate(mobike.announced);
}

// RFC 4555 section 3.7: whoever does not return what was sent is not where it says it is.
async function returned(sa: IkeSa, message: Message, cookie: Uint8Array): Promise<boolean> {
  const answer = findNotify(message, NotifyType.COOKIE2);
  if (answer !== undefined && equalBytes(answer.data, cookie)) return true;
  sa.log.log('ike', 1, 'COOKIE2 mismatch, closing IKE_SA');
  await sa.farewell('the peer did not return COOKIE2, it may not receive at its address');
  return false;
}
