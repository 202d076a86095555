import type { ChildConfig } from '../config/connection-types.ts';
import { provides } from './crossing.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * Names of the CHILD_SAs that an action brings back now that their IKE_SA is lost: none if we were deleting it anyway,
 * and none that we were closing.
 */
export function namesToRestart(
  sa: IkeSa,
  wanted: (config: ChildConfig) => boolean,
): readonly string[] {
  if (sa.ending) return [];
  const live = [...sa.children.values()].filter((child) => child.live && wanted(child.config));
  // Nearly always: this is asked with every DELETE of the peer.
  if (live.length === 0) return [];
  const others = sa.env.registry.duplicatesOf(sa);
  // What another IKE_SA of this peer has is not lost: this one was replaced.
  const again = live.filter((child) => !others.some((other) => provides(other, child.config)));
  return [...new Set(again.map((child) => child.config.name))];
}

/**
 * Whether another IKE_SA of ours can take the place of one that is lost: not if we gave the peer an address, because then it
 * has to ask.
 */
export function mayBringBack(sa: IkeSa): boolean {
  return sa.originalInitiator || sa.configuration.remote.length === 0;
}

/** An established IKE_SA is of no use any more, because its peer is gone or has forgotten it: the `dpd_action` of its CHILD_SAs. */
export async function peerLost(sa: IkeSa, reason: string): Promise<void> {
  const names = mayBringBack(sa) ? namesToRestart(sa, (child) => child.dpdAction.start) : [];
  // Before its policies go: with a trap in their place nothing leaves in the clear.
  await sa.env.registry.trap(
    sa,
    namesToRestart(sa, (child) => child.dpdAction.trap),
  );
  await sa.destroy(reason);
  if (names.length > 0) sa.env.registry.reestablish(sa, names);
}
