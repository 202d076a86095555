import { addressQuality } from '../config/address-match.ts';
import { setEndpoints } from './endpoints.ts';
import type { IkeSa } from './ike-sa.ts';
import { reauthenticate } from './reauth.ts';

/** The address that the IKE_SA talks from is no longer there. */
function lostItsAddress(sa: IkeSa): boolean {
  return !sa.env.hasAddress(sa.local.address);
}

/** If the address that the IKE_SA talks from is gone, it talks from one that leads to the peer; tells whether it moved. */
export async function leaveLostAddress(sa: IkeSa): Promise<boolean> {
  if (!lostItsAddress(sa)) return false;
  const source = (await sa.env.route(sa.remote.address))?.source;
  if (source === undefined) return false;
  return setEndpoints(sa, { address: source, port: sa.local.port }, sa.remote);
}

/**
 * Without MOBIKE nothing moves an IKE_SA: whoever opened it and lost the address authenticates anew from another one that the
 * configuration allows, at once and not only when the peer has been silent for long enough.
 */
export async function startAnewElsewhere(sa: IkeSa): Promise<void> {
  if (!sa.originalInitiator || !lostItsAddress(sa)) return;
  const source = (await sa.env.route(sa.remote.address))?.source;
  const allowed = sa.connection?.localAddrs ?? [];
  // What a name stands for may have changed with the address.
  if (source === undefined || addressQuality(allowed, source, () => [source]) === 0) return;
  setEndpoints(sa, { address: source, port: sa.local.port }, sa.remote);
  sa.log.log('ike', 1, 'reauthenticating IKE_SA due to address change');
  await reauthenticate(sa);
}
