import { sameIkePart } from '../config/connection-diff.ts';
import type { ConnectionConfig } from '../config/connection-types.ts';
import type { IkeSa } from './ike-sa.ts';

/**
 * Lets an established IKE_SA know the children that its connection has now, if nothing but children differs; tells whether
 * it does. CHILD_SAs that it has keep the settings they were made with.
 */
export function adoptChildren(sa: IkeSa, connection: ConnectionConfig): boolean {
  if (sa.state.kind !== 'established' || sa.connection === undefined) return false;
  if (sa.connection === connection || !sameIkePart(sa.connection, connection)) return false;
  sa.connection = connection;
  return true;
}
