import type { RekeyOutcome, RekeyRequest } from './control.ts';
import type { ControllerDeps } from './controller.ts';
import { findTargets } from './find-targets.ts';

/** Queues rekeying, or reauthentication, of every SA that matches; each takes its turn among the tasks of its IKE_SA. */
export function rekey({ manager }: ControllerDeps, request: RekeyRequest): RekeyOutcome {
  const targets = findTargets(manager, request);
  const matches = targets.length;
  if (matches === 0) return { ok: false, errmsg: 'no matching SAs to rekey found', matches };
  if (request.reauth && targets.every(({ child }) => child === undefined)) {
    for (const { sa } of targets) sa.reauthenticate();
    return { ok: true, matches };
  }
  return { ok: false, errmsg: 'rekeying is not supported yet', matches };
}
