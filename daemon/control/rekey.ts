import type { RekeyOutcome, RekeyRequest } from './control.ts';
import type { ControllerDeps } from './controller.ts';
import { describeSelector, findTargets } from './find-targets.ts';

/** Queues rekeying, or reauthentication, of every SA that matches; each takes its turn among the tasks of its IKE_SA. */
export function rekey({ manager, hub }: ControllerDeps, request: RekeyRequest): RekeyOutcome {
  hub.log('cfg', 1, `vici rekey ${describeSelector(request)}`);
  const targets = findTargets(manager, request);
  const matches = targets.length;
  if (matches === 0) return { ok: false, errmsg: 'no matching SAs to rekey found', matches };
  for (const { sa, child } of targets) {
    if (child !== undefined) sa.rekeyChild(child);
    else if (request.reauth) sa.reauthenticate();
    else sa.rekeyIke();
  }
  return { ok: true, matches };
}
