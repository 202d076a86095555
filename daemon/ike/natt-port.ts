import type { ConnectionConfig } from '../config/connection-types.ts';
import type { IkeSa } from './ike-sa.ts';

const IKE_PORT = 500;
const NATT_PORT = 4500;

/**
 * As initiator: changes to port 4500 with the first request after IKE_SA_INIT if there is a NAT (RFC 7296 section 2.23). With
 * MOBIKE allowed charon leaves port 500 even without one, so that one may appear later.
 */
export function floatToNatt(sa: IkeSa, connection: ConnectionConfig): void {
  if (sa.local.port !== sa.env.ikePort) return;
  if (!sa.nat.local && !sa.nat.remote && !sa.nat.fake && !connection.mobike) return;
  sa.local = { address: sa.local.address, port: sa.env.nattPort };
  if (sa.remote.port === IKE_PORT) sa.remote = { address: sa.remote.address, port: NATT_PORT };
}
