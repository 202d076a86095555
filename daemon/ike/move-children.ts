import { KernelError } from '../contracts/kernel.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * The peer moved from `before` to where the IKE_SA says it is now: UDP encapsulation of its CHILD_SAs follows to another
 * port. To another address they cannot go, which the log says.
 */
export async function moveChildren(sa: IkeSa, before: IpAddress): Promise<void> {
  for (const child of [...sa.children.values()]) {
    if (!child.terms.encap) continue;
    if (sa.remote.address !== before) {
      const text = `CHILD_SA ${child.label} still sends to ${before}: SAs cannot move to another address yet`;
      sa.log.log('chd', 1, text);
      continue;
    }
    try {
      await child.rebind(sa.local.port, sa.remote.port);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      sa.log.log('knl', 1, `moving CHILD_SA ${child.label} failed: ${error.message}`);
    }
  }
}
