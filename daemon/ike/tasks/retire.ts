import { provides } from '../crossing.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';
import { childCreate } from './child-create.ts';

/** Milliseconds after which it is asked again whether every CHILD_SA is there. */
const PATIENCE = 500;

/**
 * Deletes the IKE_SA that this one replaces. It waits in the queue of the new one behind the CHILD_SAs to be set up, so that the
 * old ones carry the traffic until then. `failed` is called if it never comes to that.
 */
export function retire(old: IkeSa, reason: string, failed?: () => void): QueuedTask {
  const asked = new Set<string>();
  const plan: QueuedTask = {
    names: ['IKE_REAUTH_COMPLETE'],
    run: (sa) => conversation(sa, old, reason, plan, asked),
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
  asked: Set<string>,
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
  // What either side set up in it while this one came to be; asked for once, since the peer may refuse.
  const missing = [...last.children.values()].filter(
    ({ live, config }) => live && !last.ending && !asked.has(config.name) && !provides(sa, config),
  );
  if (missing.length > 0 || last.tasks.plans('CHILD_CREATE')) {
    for (const { config } of missing) {
      asked.add(config.name);
      if (!sa.tasks.creates(config)) sa.tasks.queue(childCreate(config));
    }
    sa.tasks.later(plan, PATIENCE);
    return;
  }
  sa.replaces = undefined;
  last.delete(reason);
}
