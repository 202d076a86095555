import { printEndpoint } from '../proto/endpoint.ts';
import type { IpAddress } from '../proto/ip-address.ts';
import { setEndpoints } from './endpoints.ts';
import type { IkeSa } from './ike-sa.ts';
import { askAtOnce } from './liveness.ts';
import { type Mobike, type Path, samePath } from './mobike.ts';
import { moveChildren } from './move-children.ts';
import { leaveLostAddress, startAnewElsewhere } from './own-address.ts';
import { additionalAddresses, findPaths, isUsable } from './paths.ts';
import type { Reply } from './task.ts';
import { ikeMobike } from './tasks/ike-mobike.ts';

/** Addresses or routes of this host changed: keeps the IKE_SA on a path that works. */
export async function roam(sa: IkeSa): Promise<void> {
  const { mobike } = sa;
  if (sa.ending || sa.state.kind === 'deleting') {
    await takeLeave(sa);
    return;
  }
  if (sa.state.kind !== 'established') return;
  if (mobike === undefined) {
    await startAnewElsewhere(sa);
    await probe(sa);
    return;
  }
  if (mobike.leads) await chooseAnew(sa, mobike);
  else await keepSource(sa, mobike);
  refreshList(sa, mobike);
  await proceed(sa, mobike);
  await probe(sa);
}

// A path that looks usable may be none any more (`check_current_path`).
async function probe(sa: IkeSa): Promise<void> {
  if (!sa.env.options().check_current_path || sa.mobike?.search !== undefined) return;
  if (sa.ending || sa.state.kind !== 'established') return;
  await askAtOnce(sa);
}

// What is left to say, the DELETE, has to leave from an address that is there.
async function takeLeave(sa: IkeSa): Promise<void> {
  const { mobike } = sa;
  if (mobike?.leads) await chooseAnew(sa, mobike);
  else if (await leaveLostAddress(sa)) sa.engine.resend();
}

/** What waits to be told the peer, or found out, is the next conversation. */
export async function proceed(sa: IkeSa, mobike: Mobike): Promise<void> {
  if (sa.ending || sa.state.kind !== 'established') return;
  const tells = mobike.pending && !mobike.stranded;
  if (tells && !sa.tasks.plans('IKE_MOBIKE')) sa.tasks.queueFirst(ikeMobike());
  await sa.tasks.advance();
}

/** Where the outstanding request goes to now: over the path in use, or over the next round of a search. */
export function nextRound(sa: IkeSa): readonly Path[] {
  const search = sa.mobike?.search;
  if (search === undefined) return alsoWhereHeard(sa);
  const round = search.rounds++ === 0 ? search.direct : search.paths;
  for (const { local, remote } of round) {
    sa.log.log('ike', 1, `checking path ${printEndpoint(local)} - ${printEndpoint(remote)}`);
  }
  return round;
}

// A NAT before the peer may have been rebound: then its requests come from where ours would reach it too. That moves
// nothing, but it keeps us from giving up a peer that lives.
function alsoWhereHeard(sa: IkeSa): readonly Path[] {
  const heard = sa.mobike?.heard;
  const differs = heard !== undefined && sa.nat.remote && !samePath(heard, sa);
  return differs && sa.mobike?.unproven === false ? [sa, heard] : [sa];
}

/** The peer is silent: further sends of the request try every path there is, at their usual times. */
export async function suspectPath(sa: IkeSa): Promise<void> {
  const { mobike } = sa;
  if (mobike === undefined || !mobike.leads || mobike.search !== undefined) return;
  if (sa.state.kind !== 'established' && sa.state.kind !== 'deleting') return;
  const { paths } = await findPaths(sa, remotesOf(sa, mobike));
  const others = paths.filter((path) => !samePath(path, sa));
  if (others.length === 0) return;
  const all = [{ local: sa.local, remote: sa.remote }, ...others];
  mobike.search = { direct: all, paths: all, urgent: false, rounds: 0 };
}

/** The path is lost, or the peer left the address we use: all that could work are tried. */
export async function searchPath(
  sa: IkeSa,
  mobike: Mobike,
  remotes: readonly IpAddress[] = remotesOf(sa, mobike),
): Promise<void> {
  const found = await findPaths(sa, remotes);
  if (found.paths.length === 0) {
    mobike.search = undefined;
    mobike.stranded = true;
    sa.log.log('ike', 1, `no route found to reach ${sa.remote.address}, MOBIKE update deferred`);
    return;
  }
  mobike.stranded = false;
  if (mobike.search?.urgent === true && samePaths(mobike.search.paths, found.paths)) return;
  mobike.search = { ...found, urgent: true, rounds: 0 };
  mobike.generation++;
  sa.log.log('ike', 1, 'old path is not available anymore, try to find another');
  // Whatever waits for an answer finds the path as well as a request made for that would.
  sa.engine.resend();
}

/** An answer came over this path while one was looked for: that one works. */
export async function adoptPath(sa: IkeSa, mobike: Mobike, reply: Reply): Promise<void> {
  const { search } = mobike;
  const path = search?.paths.find((one) => samePath(one, reply));
  if (search === undefined || path === undefined) return;
  mobike.search = undefined;
  const sameRemote = path.remote.address === mobike.agreed.remote.address;
  setEndpoints(sa, path.local, path.remote);
  if (samePath(path, mobike.agreed) || sa.state.kind !== 'established') return;
  mobike.updatePending = true;
  // The old address may be gone and nothing can be lost any more. Another address of the peer must prove itself first.
  if (sameRemote) await moveChildren(sa, 'both');
}

/**
 * The peer, which leads, moved the IKE_SA to where it is now: what comes in is taken from there at once. What goes out waits
 * until the peer has proved to be at a new address: nobody can lead our traffic to somebody else.
 */
export async function followPeer(sa: IkeSa, mobike: Mobike): Promise<void> {
  const { local, remote } = sa;
  mobike.generation++;
  mobike.unproven = remote.address !== mobike.agreed.remote.address;
  await moveChildren(sa, mobike.unproven ? 'in' : 'both');
  if (!mobike.unproven) mobike.agreed = { local, remote };
}

async function chooseAnew(sa: IkeSa, mobike: Mobike): Promise<void> {
  const lost = mobike.search !== undefined || mobike.stranded || !(await isUsable(sa));
  if (lost) {
    await searchPath(sa, mobike);
    return;
  }
  sa.log.log('ike', 2, `keeping connection path ${sa.local.address} - ${sa.remote.address}`);
}

// RFC 4555 section 3.5: the other side moves by itself only if its own address is no longer there.
async function keepSource(sa: IkeSa, mobike: Mobike): Promise<void> {
  if (!(await leaveLostAddress(sa))) return;
  mobike.listPending = true;
  await moveChildren(sa, 'both');
}

function refreshList(sa: IkeSa, mobike: Mobike): void {
  const now = additionalAddresses(sa);
  const before = mobike.announced;
  if (now.length === before.length && now.every((address) => before.includes(address))) return;
  mobike.listPending = true;
}

function remotesOf(sa: IkeSa, mobike: Mobike): readonly IpAddress[] {
  return [...new Set([sa.remote.address, ...mobike.peerAddresses])];
}

function samePaths(some: readonly Path[], others: readonly Path[]): boolean {
  return (
    some.length === others.length && some.every((path) => others.some((one) => samePath(one, path)))
  );
}
