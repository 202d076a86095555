import { KernelError } from '../contracts/kernel.ts';
import { equalSelectors } from '../proto/traffic-selector-math.ts';
import type { NegotiatedChild } from './child-negotiation.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { childDelete } from './tasks/child-delete.ts';

/** Milliseconds after which a CHILD_SA sends although the one it is heir to is still there. */
const PATIENCE = 10_000;

/**
 * The CHILD_SA of another IKE_SA of this peer that carries the traffic of the one asked for. The peer is about to replace it
 * by reauthenticating, or both sides connected at once: it can receive on the new one only when it has our answer, so we go on sending
 * on the old one until that goes.
 */
export function elderOf(sa: IkeSa, agreed: NegotiatedChild): ChildSa | undefined {
  // Those of many users with one identity differ: most need not be looked at one by one.
  if (!sa.env.registry.mayHaveChild(agreed)) return undefined;
  for (const other of sa.env.registry.duplicatesOf(sa)) {
    for (const child of other.children.values()) {
      const sends = child.live && child.outbound === 'INSTALLED' && child.heir === undefined;
      if (!sends || child.config.name !== agreed.child.name) continue;
      if (child.spec.perCpu?.cpu !== agreed.perCpu?.cpu) continue;
      const { localTs, remoteTs } = child.terms;
      if (equalSelectors(localTs, agreed.localTs) && equalSelectors(remoteTs, agreed.remoteTs)) {
        return child;
      }
    }
  }
  return undefined;
}

/** From now on `heir` takes over the traffic when `elder` goes, or after a while. */
export function inherit(elder: ChildSa, heir: ChildSa): void {
  elder.heir = heir;
  const { env } = heir.sa;
  env.clock.after(PATIENCE, () => heir.sa.post(() => succeed(elder)));
}

/** The heir of a CHILD_SA sends from now on, if there is one. The old one still receives. */
export async function succeed(elder: ChildSa): Promise<void> {
  const { heir } = elder;
  if (heir === undefined) return;
  elder.heir = undefined;
  try {
    await heir.installOutbound();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const { sa } = heir;
    sa.log.log('chd', 1, `unable to install outbound IPsec SA (SAD) in kernel: ${error.message}`);
    sa.post(async () => {
      // Nothing leaves in the clear meanwhile.
      await sa.env.registry.trap(sa, [heir.config.name]);
      sa.tasks.queue(childDelete(heir));
      await sa.tasks.advance();
    });
  }
}

/** The same for all CHILD_SAs of an IKE_SA: before the peer is told that it goes. */
export async function handOver(sa: IkeSa): Promise<void> {
  for (const child of [...sa.children.values()]) await succeed(child);
}
