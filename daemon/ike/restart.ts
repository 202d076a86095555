import type { ChildConfig } from '../config/connection-types.ts';
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
  const children = [...sa.children.values()];
  const again = children.filter((child) => child.state === 'INSTALLED' && wanted(child.config));
  return [...new Set(again.map((child) => child.config.name))];
}
