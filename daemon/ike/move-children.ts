import { KernelError } from '../contracts/kernel.ts';
import type { Halves } from '../kernel/installed-child.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * An end of the IKE_SA is elsewhere now: its CHILD_SAs follow, with what they receive, what they send, or both. One that
 * cannot stays as it is, which the log says.
 */
export async function moveChildren(sa: IkeSa, halves: Halves): Promise<void> {
  for (const child of [...sa.children.values()]) {
    try {
      await child.move(halves);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      sa.log.log('knl', 1, `moving CHILD_SA ${child.label} failed: ${error.message}`);
    }
  }
}
