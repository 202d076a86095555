import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Milliseconds after which it is asked again whether every CHILD_SA is there. */
const PATIENCE = 500;

/**
 * Deletes the IKE_SA that this one replaces. It waits in the queue of the new one behind the CHILD_SAs to be set up, so that the
 * old ones carry the traffic until then. `failed` is called if it never comes to that.
 */
export function retire(old: IkeSa, reason: string, failed?: () => void): QueuedTask {
  const plan: QueuedTask = {
    names: ['IKE_REAUTH_COMPLETE'],
    run: (sa) => conversation(sa, old, reason, plan),
    ...(failed === undefined ? {} : { abandoned: failed }),
    saved: () => ({ kind: 'retire', old: old.uniqueId, reason }),
  };
  return plan;
}

async function* conversation(
  sa: IkeSa,
  old: IkeSa,
  reason: string,
  plan: QueuedTask,
): AsyncGenerator<OutboundRequest, void, Reply> {
  // Nothing is asked of the peer on this IKE_SA.
  yield* [];
  // A CHILD_SA that follows IKE_AUTH (RFC 6023), or that the peer could not set up yet.
  if (sa.tasks.plans('CHILD_CREATE')) {
    sa.tasks.later(plan, PATIENCE);
    return;
  }
  // It may have been rekeyed meanwhile.
  let last = sa.replaces ?? old;
  while (last.successor !== undefined) last = last.successor;
  sa.replaces = undefined;
  last.delete(reason);
}
