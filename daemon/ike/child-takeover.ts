import { KernelError } from '../contracts/kernel.ts';
import { alert, announceChildRekey } from './announce.ts';
import type { ChildSa } from './child-sa.ts';
import { passOnIdleness } from './inactivity.ts';
import { childDelete } from './tasks/child-delete.ts';

/**
 * Traffic moves from `old` to the CHILD_SA that replaces it, and listeners are told of the rekeying. What receives of `old`
 * stays. If the kernel refuses, traffic has nowhere to go: the new one is deleted again with the peer, and a trap holds back
 * what would leave in the clear, until there is another.
 */
export async function takeOver(old: ChildSa, by: ChildSa): Promise<void> {
  const { sa } = old;
  try {
    await by.installOutbound(old);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    sa.log.log('chd', 1, `unable to install outbound IPsec SA (SAD) in kernel: ${error.message}`);
    alert(sa.env, 'install-child-sa-failed', sa);
    await sa.env.registry.trap(sa, [by.config.name]);
    sa.tasks.queue(childDelete(by));
  }
  await passOnIdleness(old, by);
  await old.removeOutbound();
  old.peerRekey = undefined;
  if (old.up) {
    old.up = false;
    by.up = true;
    announceChildRekey(sa, old, by);
  }
  old.replacedBy(by);
}

/** The peer's rekeying of `old` is complete if there is one: its replacement takes over. */
export async function completePeerRekey(old: ChildSa): Promise<ChildSa | undefined> {
  const replacement = old.peerRekey?.replacement;
  if (replacement === undefined) return undefined;
  await takeOver(old, replacement);
  return replacement;
}
