import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';
import { childDelete } from './tasks/child-delete.ts';

/** A CHILD_SA came to an IKE_SA: from now on it is closed once nobody has used it for its `inactivity`. */
export function watchActivity(sa: IkeSa, child: ChildSa): void {
  const { inactivity } = child.config;
  if (inactivity > 0) sa.timers.startWithin('inactivity', inactivity * 1000);
}

/**
 * The inactivity timer fired: closes the CHILD_SAs without traffic in either direction for as long as they may be, and the IKE_SA if
 * nothing else is in it and `inactivity_close_ike` is set.
 */
export async function closeInactive(sa: IkeSa): Promise<void> {
  if (sa.state.kind !== 'established') return;
  for (const child of [...sa.children.values()]) {
    const limit = child.config.inactivity * 1000;
    if (limit === 0 || child.state !== 'INSTALLED') continue;
    const idle = await idleMillis(sa, child);
    if (sa.destroyed) return;
    // The kernel counts whole seconds.
    if (idle < limit) {
      sa.timers.startWithin('inactivity', Math.max(limit - idle, 1000));
      continue;
    }
    if (sa.children.size === 1 && sa.env.options().inactivity_close_ike) {
      sa.log.log('ike', 1, 'deleting IKE_SA due to CHILD_SA inactivity');
      await sa.deleteNow('its CHILD_SA was not used');
      return;
    }
    sa.log.log(
      'ike',
      1,
      `deleting CHILD_SA after ${child.config.inactivity} seconds of inactivity`,
    );
    sa.tasks.queue(childDelete(child));
  }
  await sa.tasks.advance();
}

/** One CHILD_SA takes the place of another: nobody used the new one for as long as nobody used the old one. */
export async function passOnIdleness(old: ChildSa, by: ChildSa): Promise<void> {
  if (old.config.inactivity === 0) return;
  by.idleSince = old.sa.env.clock.now() - (await idleMillis(old.sa, old));
}

/** Since the last packet in either direction, or since there is the CHILD_SA or what it replaced. */
async function idleMillis(sa: IkeSa, child: ChildSa): Promise<number> {
  const { clock } = sa.env;
  const installed = clock.now() - child.idleSince;
  const usage = await child.refreshUsage();
  const last = Math.max(usage.in?.lastUsed ?? 0, usage.out?.lastUsed ?? 0);
  // A wall clock that jumped back says "just now".
  return last === 0 ? installed : Math.min(installed, Math.max(0, clock.wallClock() - last * 1000));
}
