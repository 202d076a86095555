import { addressQuality } from '../config/address-match.ts';
import type { IkeSa } from '../ike/ike-sa.ts';
import { redirectActive } from '../ike/redirect.ts';
import { matchIdentity } from '../proto/identity-match.ts';
import type { RedirectRequest, RekeyOutcome } from './control.ts';
import type { ControllerDeps } from './controller.ts';

/** Sends the peers of all IKE_SAs that match to another gateway; which of them really can be sent is in the log. */
export function redirect(
  { manager, options }: ControllerDeps,
  request: RedirectRequest,
): RekeyOutcome {
  const { ike, ikeId, peerIp, peerId, gateway } = request;
  const fits = (sa: IkeSa): boolean =>
    (ike === undefined || sa.tag.name === ike) &&
    (!ikeId || sa.uniqueId === ikeId) &&
    (peerIp === undefined || addressQuality([peerIp], sa.remote.address, () => []) > 0) &&
    (peerId === undefined ||
      (sa.remoteId !== undefined &&
        matchIdentity(peerId, sa.remoteId, options().rdn_matching) > 0));
  const targets = [...manager.tables.byId.values()].filter(fits);
  const matches = targets.length;
  if (matches === 0) return { ok: false, errmsg: 'no matching SAs to redirect found', matches };
  for (const sa of targets) {
    sa.post(() => {
      redirectActive(sa, gateway);
      return sa.tasks.advance();
    });
  }
  return { ok: true, matches };
}
