import { isRoutable } from '../proto/address-scope.ts';
import { printEndpoint, sameEndpoint } from '../proto/endpoint.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { settled, type Waits } from '../util/waits.ts';
import { setEndpoints } from './endpoints.ts';
import type { IkeSa } from './ike-sa.ts';
import { followNat } from './liveness.ts';
import type { Mobike } from './mobike.ts';
import { crossedForbiddenNat, readAddresses } from './mobike-payloads.ts';
import { detectNat, natDetectionPayloads } from './nat-detection.ts';
import { findNotify, notify } from './payloads.ts';
import { followPeer, proceed, searchPath } from './roam.ts';
import type { InboundRequest } from './task.ts';

/** What MOBIKE adds to the answer of an INFORMATIONAL request, and what follows once that is sent. */
export interface MobikeAnswer {
  readonly payloads: readonly Payload[];
  readonly after?: () => Promise<void>;
}

const NOTHING: MobikeAnswer = { payloads: [] };

/**
 * Processes what an INFORMATIONAL request says about addresses, RFC 4555 sections 3.5 to 3.9: the peer moved, its other
 * addresses, a check of our reachability, NAT detection. Without MOBIKE none of it is looked at.
 */
export function* answerMobike(sa: IkeSa, request: InboundRequest): Waits<MobikeAnswer> {
  const { mobike } = sa;
  const { message } = request;
  // A DELETE of ours has to find the peer too.
  const lives = sa.state.kind === 'established' || sa.state.kind === 'deleting';
  if (mobike === undefined || !lives) return NOTHING;
  if (crossedForbiddenNat(message, request)) {
    sa.log.log('ike', 1, 'a NAT changed the addresses of a request that forbids it');
    return { payloads: [notify(NotifyType.UNEXPECTED_NAT_DETECTED)] };
  }
  const wantsUpdate = findNotify(message, NotifyType.UPDATE_SA_ADDRESSES) !== undefined;
  if (wantsUpdate && !isRoutable(request.remote.address)) {
    sa.log.log('ike', 1, `peer cannot move to ${request.remote.address}`);
    return { payloads: [notify(NotifyType.UNACCEPTABLE_ADDRESSES)] };
  }
  const moved = wantsUpdate && (yield* settled(update(sa, mobike, request)));
  const left = listAddresses(sa, mobike, request);
  return {
    payloads: [...echoedNatDetection(sa, request), ...echoedCookie(message)],
    after: async () => {
      if (left && mobike.leads) await searchPath(sa, mobike, mobike.peerAddresses);
      // The peer waits for a request of ours at its new address too.
      if (moved) sa.engine.resend();
      await proceed(sa, mobike);
    },
  };
}

// Only the side that leads moves an IKE_SA; an update by the other one is answered and changes nothing.
async function update(sa: IkeSa, mobike: Mobike, request: InboundRequest): Promise<boolean> {
  const { local, remote, message } = request;
  if (mobike.leads) {
    sa.log.log('ike', 1, 'ignoring UPDATE_SA_ADDRESSES of a peer that did not open the IKE_SA');
    return false;
  }
  const moved = setEndpoints(sa, local, remote);
  detectNat(sa, message);
  followNat(sa);
  await followPeer(sa, mobike);
  return moved;
}

/** Takes the list over; tells whether the peer left the address that we use. */
function listAddresses(sa: IkeSa, mobike: Mobike, request: InboundRequest): boolean {
  const listed = readAddresses(request.message);
  if (listed === undefined) return false;
  // RFC 4555 section 3.6: complete together with the address that the list came from.
  const all = [request.remote.address, ...listed];
  mobike.peerAddresses = all.filter((address) => address !== sa.remote.address);
  if (all.includes(sa.remote.address) || sa.nat.remote) {
    return false;
  }
  sa.log.log('ike', 1, `peer left ${printEndpoint(sa.remote)}`);
  return !sameEndpoint(sa.remote, request.remote);
}

function echoedNatDetection(sa: IkeSa, request: InboundRequest): readonly Payload[] {
  if (findNotify(request.message, NotifyType.NAT_DETECTION_SOURCE_IP) === undefined) return [];
  const { spiI, spiR } = request.message;
  // The ends of the request, which are not always those of the IKE_SA.
  return natDetectionPayloads(sa, spiI, spiR, sa.connection?.encap ?? false, request);
}

function echoedCookie(message: Message): readonly Payload[] {
  const cookie = findNotify(message, NotifyType.COOKIE2);
  return cookie === undefined ? [] : [notify(NotifyType.COOKIE2, cookie.data)];
}
