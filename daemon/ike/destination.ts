import type { Endpoint } from '../proto/endpoint.ts';
import { familyOf, type IpAddress } from '../proto/ip-address.ts';
import { UnreachableError } from './errors.ts';
import type { IkeSa } from './ike-sa.ts';

/** Where an IKE_SA connects to if not where its connection says. */
export interface Destination {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** The ends of an IKE_SA, for one that replaces it: a NAT on the way knows them. */
export function sameEnds(sa: IkeSa): Destination {
  return { local: sa.local, remote: sa.remote };
}

/** Takes these ends; our address is looked up again where the old one may not lead there. */
export async function headFor(sa: IkeSa, { local, remote }: Destination): Promise<void> {
  const source =
    sa.replaces === undefined ? await sourceTowards(sa, remote.address) : local.address;
  sa.local = { address: source, port: local.port };
  sa.remote = remote;
}

async function sourceTowards(sa: IkeSa, remote: IpAddress): Promise<IpAddress> {
  const source = await sa.env.sourceAddress(remote);
  if (source === undefined || familyOf(source) !== familyOf(remote)) {
    throw new UnreachableError(
      `no route to ${remote}; check the addresses and routes of this host`,
    );
  }
  return source;
}
