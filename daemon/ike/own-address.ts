import { addressQuality } from '../config/address-match.ts';
import { setEndpoints } from './endpoints.ts';
import type { IkeSa } from './ike-sa.ts';
import { reauthenticate } from './reauth.ts';

/**
 * The address that the IKE_SA talks from is no longer there. Not every address that packets leave from is in the list of those that peers can
 * reach: the kernel has the last word, and routes nothing from one that it does not have.
 */
async function lostItsAddress({ env, local, remote }: IkeSa): Promise<boolean> {
  const { address } = local;
  if (env.localAddresses().some((own) => own.address === address)) return false;
  return env.isIdleAddress(address) || (await env.route(remote.address, address)) === undefined;
}

/** If the address that the IKE_SA talks from is gone, it talks from one that leads to the peer; tells whether it moved. */
export async function leaveLostAddress(sa: IkeSa): Promise<boolean> {
  if (!(await lostItsAddress(sa))) return false;
  const source = (await sa.env.route(sa.remote.address))?.source;
  if (source === undefined) return false;
  return setEndpoints(sa, { address: source, port: sa.local.port }, sa.remote);
}

/**
 * Without MOBIKE nothing moves an IKE_SA: whoever opened it and lost the address authenticates anew from another one that the
 * configuration allows, at once and not only when the peer has been silent for long enough.
 */
export async function startAnewElsewhere(sa: IkeSa): Promise<void> {
  if (!sa.originalInitiator || !(await lostItsAddress(sa))) return;
  const source = (await sa.env.route(sa.remote.address))?.source;
  const allowed = sa.connection?.localAddrs ?? [];
  // What a name stands for may have changed with the address.
  if (source === undefined || addressQuality(allowed, source, () => [source]) === 0) return;
  setEndpoints(sa, { address: source, port: sa.local.port }, sa.remote);
  sa.log.log('ike', 1, 'reauthenticating IKE_SA due to address change');
  await reauthenticate(sa);
}
