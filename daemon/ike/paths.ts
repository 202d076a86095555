import { familyOf, type IpAddress } from '../proto/ip-address.ts';
import type { IkeSa } from './ike-sa.ts';
import { MAX_ADDITIONAL_ADDRESSES, type Path, type PathSearch } from './mobike.ts';

/** Port of IKE and ESP in UDP, on which every path but a translated one ends. */
const NATT_PORT = 4500;

/** Paths tried at once: each costs a packet every 2.5 seconds. */
const MAX_PATHS = 32;

/**
 * Whether packets to the peer still leave from the IKE_SA's own address: it is ours, and the kernel sends either from it
 * by itself or over the interface that has it. An address that the operator named as the only one needs no more than a
 * route, since it may belong to no interface that leads anywhere.
 */
export async function isUsable(sa: IkeSa): Promise<boolean> {
  const { env, connection } = sa;
  const own = sa.local.address;
  if (!env.localAddresses().some(({ address }) => address === own)) return false;
  const [chosen, way] = [
    await env.route(sa.remote.address),
    await env.route(sa.remote.address, own),
  ];
  if (way === undefined) return false;
  if (chosen?.source === own) return true;
  const [only, ...others] = connection?.localAddrs ?? [];
  if (others.length === 0 && only?.kind === 'host' && only.address === own) return true;
  if (env.options().prefer_best_path) return false;
  return holds(sa, own, way.interfaceName);
}

/**
 * Every path to the peer that could work, of all addresses of both sides. `direct` is what is tried at first: the kernel's
 * choice towards the address in use, or where there is no way to that one, its choice towards each other address.
 */
export async function findPaths(
  sa: IkeSa,
  remotes: readonly IpAddress[],
): Promise<Pick<PathSearch, 'direct' | 'paths'>> {
  const { env } = sa;
  const served = env.localAddresses().map(({ address }) => address);
  const chosen: Path[] = [];
  const others: Path[] = [];
  for (const remote of remotes) {
    const best = (await env.route(remote))?.source;
    if (best !== undefined && served.includes(best)) chosen.push(pathOf(sa, best, remote));
    for (const own of served) {
      if (own === best || familyOf(own) !== familyOf(remote)) continue;
      if (chosen.length + others.length >= MAX_PATHS) break;
      const way = await env.route(remote, own);
      if (way === undefined || !holds(sa, own, way.interfaceName)) continue;
      others.push(pathOf(sa, own, remote));
    }
  }
  const direct = chosen.filter(({ remote }) => remote.address === sa.remote.address);
  return { direct: direct.length > 0 ? direct : chosen, paths: [...chosen, ...others] };
}

/** Our addresses besides the one in use, those of its family first, as many as a peer is told. */
export function additionalAddresses(sa: IkeSa): readonly IpAddress[] {
  const family = familyOf(sa.local.address);
  const others = sa.env
    .localAddresses()
    .map(({ address }) => address)
    .filter((address) => address !== sa.local.address);
  const [same, other] = [
    others.filter((address) => familyOf(address) === family),
    others.filter((address) => familyOf(address) !== family),
  ];
  return [...same, ...other].slice(0, MAX_ADDITIONAL_ADDRESSES);
}

function pathOf(sa: IkeSa, local: IpAddress, remote: IpAddress): Path {
  // What a NAT made of the peer's port holds for the address it stands before, and for no other.
  const port = remote === sa.remote.address ? sa.remote.port : NATT_PORT;
  return { local: { address: local, port: sa.local.port }, remote: { address: remote, port } };
}

function holds(sa: IkeSa, address: IpAddress, interfaceName: string): boolean {
  return sa.env
    .localAddresses()
    .some((own) => own.address === address && own.interfaceName === interfaceName);
}
