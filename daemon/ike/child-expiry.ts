import type { Awaitable } from '../util/awaitable.ts';
import type { ChildSa } from './child-sa.ts';
import { completePeerRekey } from './child-takeover.ts';
import { childCreate } from './tasks/child-create.ts';
import { childDelete } from './tasks/child-delete.ts';
import { childRekey } from './tasks/child-rekey.ts';

/** Milliseconds by which the kernel, which counts whole seconds, may be ahead of us. */
const ROUNDING = 2000;

/** Whether a CHILD_SA is older than its soft lifetime, by so many milliseconds at least. */
export function olderThanSoft(child: ChildSa, by: number): boolean {
  const { softSeconds } = child.terms.lifetime;
  const age = child.sa.env.clock.now() - child.installedAt;
  return softSeconds > 0 && age >= softSeconds * 1000 + by;
}

/** Whether the kernel must have told that this CHILD_SA is to be rekeyed. Asks it for counters only if these are limited. */
export async function pastSoftLifetime(child: ChildSa): Promise<boolean> {
  const { softBytes, softPackets } = child.terms.lifetime;
  if (olderThanSoft(child, -ROUNDING)) return true;
  if (softBytes === 0n && softPackets === 0n) return false;
  const usage = await child.refreshUsage();
  return [usage.in, usage.out].some(
    (used) =>
      used !== undefined &&
      ((softBytes > 0n && used.bytes >= softBytes) ||
        (softPackets > 0n && used.packets >= softPackets)),
  );
}

/** A CHILD_SA is to be rekeyed, unless it is replaced, on its way out, or being rekeyed already. */
export function rekeyChild(child: ChildSa): Awaitable<void> {
  const { sa } = child;
  const idle = child.state === 'INSTALLED' && child.outbound === 'INSTALLED';
  if (!idle || sa.ending || sa.state.kind !== 'established' || sa.tasks.rekeys(child)) {
    return undefined;
  }
  sa.tasks.queue(childRekey(child));
  return sa.tasks.advance();
}

/** The kernel dropped a CHILD_SA at its hard lifetime: it is closed with the peer, or replaced by what the peer made. */
export async function expireChild(child: ChildSa): Promise<void> {
  const { sa } = child;
  child.expired = true;
  switch (child.state) {
    case 'REKEYING':
      // The rekeying under way replaces it, or comes back here.
      return;
    case 'REKEYED':
      // The peer rekeyed it and deletes it itself; what it made takes over without waiting for that.
      await completePeerRekey(child);
      await child.remove();
      return;
    case 'INSTALLED': {
      sa.tasks.queue(childDelete(child));
      if (child.config.closeAction.start) sa.tasks.queue(childCreate(child.config));
      await sa.tasks.advance();
      return;
    }
    case 'DELETED':
      // Nothing but what was still received held it.
      await child.remove();
      return;
    default:
      return;
  }
}
