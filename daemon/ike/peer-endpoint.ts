import type { Endpoint } from '../proto/endpoint.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import type { Message } from '../proto/payload.ts';
import { setEndpoints } from './endpoints.ts';
import type { IkeSa } from './ike-sa.ts';
import { moveChildren } from './move-children.ts';
import { followPeer, proceed } from './roam.ts';

/**
 * A message of the peer that is authentic (or part of the unprotected first exchange) came over these ends. With MOBIKE they change
 * where a message says so, and nowhere else (RFC 4555 section 3.8). Without MOBIKE a verified request moves the peer: until
 * IKE_AUTH always, later if it is behind a NAT. An initiator behind one itself does not follow, since it is the side that moves.
 */
export function heardFrom(sa: IkeSa, local: Endpoint, remote: Endpoint, message: Message): void {
  if (message.isResponse || message.exchange === ExchangeType.IKE_SA_INIT) return;
  if (sa.mobike !== undefined) {
    sa.mobike.heard = { local, remote };
    return;
  }
  if (INITIAL.has(message.exchange) || followsNat(sa)) follow(sa, local, remote);
}

const INITIAL: ReadonlySet<number> = new Set([
  ExchangeType.IKE_INTERMEDIATE,
  ExchangeType.IKE_AUTH,
]);

/** The kernel saw ESP of this peer, verified, come from another endpoint: a NAT on the way was rebound. */
export async function remapped(sa: IkeSa, remote: Endpoint): Promise<void> {
  if (sa.state.kind !== 'established' || !followsNat(sa)) return;
  const { mobike } = sa;
  if (mobike === undefined) follow(sa, sa.local, remote);
  else if (!mobike.leads && setEndpoints(sa, sa.local, remote)) {
    await followPeer(sa, mobike);
    await proceed(sa, mobike);
  }
}

function followsNat(sa: IkeSa): boolean {
  return sa.nat.remote && !(sa.isInitiator && sa.nat.local);
}

function follow(sa: IkeSa, local: Endpoint, remote: Endpoint): void {
  const moved = setEndpoints(sa, local, remote);
  if (moved && sa.state.kind === 'established') sa.post(() => moveChildren(sa, 'both'));
}
