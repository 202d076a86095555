import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/**
 * Deletes the IKE_SA that this one replaces. It waits in the queue of the new one behind the CHILD_SAs to be set up, so that the
 * old ones carry the traffic until then.
 */
export function retire(old: IkeSa, reason: string): QueuedTask {
  return { names: ['IKE_REAUTH_COMPLETE'], run: () => conversation(old, reason) };
}

async function* conversation(
  old: IkeSa,
  reason: string,
): AsyncGenerator<OutboundRequest, void, Reply> {
  // Nothing is asked of the peer on this IKE_SA.
  yield* [];
  old.delete(reason);
}
