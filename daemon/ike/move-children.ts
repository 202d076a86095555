import { KernelError } from '../contracts/kernel.ts';
import type { Halves } from '../kernel/installed-child.ts';
import { rekeyChild } from './child-expiry.ts';
import type { ChildSa } from './child-sa.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * An end of the IKE_SA is elsewhere now: its CHILD_SAs follow, with what they receive, what they send, or both. One that
 * cannot is rekeyed, which gives it new SAs at the new ends.
 */
export async function moveChildren(sa: IkeSa, halves: Halves): Promise<void> {
  for (const child of [...sa.children.values()]) {
    if (mustBeRekeyed(sa, child)) {
      // Where the peer chooses the addresses it is for the peer to do that.
      if (halves !== 'in' && sa.mobike?.leads !== false) await rekeyChild(child);
      continue;
    }
    try {
      await child.move(halves);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      sa.log.log('knl', 1, `moving CHILD_SA ${child.label} failed: ${error.message}`);
      await rekeyChild(child);
    }
  }
  sa.env.sessions.checkpoint(sa);
}

// The selectors of transport mode name the ends themselves (RFC 4555 section 1.2 leaves them out for that).
function mustBeRekeyed(sa: IkeSa, { terms, ends }: ChildSa): boolean {
  if (terms.mode !== 'transport') return false;
  return ends.local !== sa.local.address || ends.remote !== sa.remote.address;
}
