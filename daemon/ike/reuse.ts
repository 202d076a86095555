import { sameIkePart } from '../config/connection-diff.ts';
import type { ConnectionConfig } from '../config/connection-types.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import type { IkeSa } from './ike-sa.ts';
import type { IkeSaTables } from './ike-sa-tables.ts';

/** An IKE_SA in which a child of the connection can be set up: to that peer, where one is named. */
export function reusableFor(
  tables: IkeSaTables,
  connection: ConnectionConfig,
  peer: IpAddress | undefined,
): IkeSa | undefined {
  const candidates =
    peer === undefined
      ? tables.ofConnection(connection.name)
      : tables.toPeer(connection.name, peer);
  for (const sa of candidates) {
    const usable =
      !sa.ending &&
      // What was negotiated under other rules is not what is asked for now.
      sa.connection !== undefined &&
      sameIkePart(sa.connection, connection) &&
      (peer === undefined || leadsTo(sa, peer)) &&
      (sa.state.kind === 'established' ||
        (sa.isInitiator && (sa.state.kind === 'connecting' || sa.state.kind === 'created')));
    if (usable) return sa;
  }
  return undefined;
}

/** It may have moved since it was made. */
function leadsTo(sa: IkeSa, peer: IpAddress): boolean {
  return sa.state.kind === 'established' ? sa.remote.address === peer : sa.peer === peer;
}
