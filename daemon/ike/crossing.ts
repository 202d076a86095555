import { sameIkePart } from '../config/connection-diff.ts';
import type { ChildConfig } from '../config/connection-types.ts';
import type { IkeSa } from './ike-sa.ts';
import { wantedAddresses } from './receive-addresses.ts';
import { childCreate } from './tasks/child-create.ts';
import { retire } from './tasks/retire.ts';

/**
 * Both sides may set up an IKE_SA at the same moment. Then each has two that are established, one led by either side, and
 * INITIAL_CONTACT in both of them. If both obeyed, or replaced the older one, they could close both, for ever. So the two
 * have to agree which one stays without a word: the one with the greater SPI of its initiator. Only the side that
 * initiated the other one closes it, because the peer may follow another rule or none.
 */
export function crossed(a: IkeSa, b: IkeSa): boolean {
  if (a.isInitiator === b.isInitiator || a.rekeyed || b.rekeyed) return false;
  const [ours, theirs] = a.isInitiator ? [a, b] : [b, a];
  return theirs.startedAt <= establishedAt(ours) && ours.startedAt <= establishedAt(theirs);
}

/** Not yet is later than ever. */
function establishedAt({ state }: IkeSa): number {
  return state.kind === 'established' ? state.since : Number.POSITIVE_INFINITY;
}

/** An IKE_SA was established: of two that crossed, ours goes if it is the redundant one. */
export function settleCrossing(sa: IkeSa): void {
  if (sa.connection?.unique === 'never') return;
  for (const other of sa.env.registry.crossingOf(sa)) {
    if (!crossed(sa, other)) continue;
    const [loser, winner] = sa.spiI < other.spiI ? [sa, other] : [other, sa];
    if (!loser.isInitiator || loser.ending || winner.ending) continue;
    const text = `both sides connected at once, keeping IKE_SA ${winner.label} and deleting ${loser.label}`;
    loser.log.log('ike', 1, text);
    replaceBy(loser, winner);
  }
}

/** Takes over in `winner` what `loser` has and winner lacks, then deletes `loser`. */
function replaceBy(loser: IkeSa, winner: IkeSa): void {
  loser.tasks.moveTo(winner.tasks);
  loser.waiters.moveTo(winner.waiters);
  const missing = new Map<string, ChildConfig>();
  for (const child of loser.children.values()) {
    if (!provides(winner, child.config)) missing.set(child.config.name, child.config);
  }
  winner.post(() => {
    for (const child of missing.values()) winner.tasks.queue(childCreate(child));
    winner.tasks.queue(retire(loser, 'both sides connected at once'));
    return winner.tasks.advance();
  });
}

/** Whether an IKE_SA has this child or is about to. */
export function provides(sa: IkeSa, child: ChildConfig): boolean {
  if (sa.ending || sa.state.kind !== 'established') return false;
  for (const own of sa.children.values()) {
    if (own.config.name === child.name && own.live) return true;
  }
  const configured = sa.connection?.children.get(child.name);
  return configured !== undefined && sa.tasks.creates(configured);
}

/** An IKE_SA that the peer has established since we began this one, and that serves as well. */
export function establishedMeanwhile(sa: IkeSa): IkeSa | undefined {
  const { connection, env } = sa;
  if (connection === undefined || connection.unique === 'never' || sa.replaces !== undefined) {
    return undefined;
  }
  // Virtual IPs come only with one that we initiate.
  if (wantedAddresses(sa).length > 0) return undefined;
  if (!env.options().reuse_ikesa) return undefined;
  return env.registry.duplicatesOf(sa).find(
    (other) =>
      !other.isInitiator &&
      !other.rekeyed &&
      !other.ending &&
      other.connection !== undefined &&
      // A connection for anybody has other peers too.
      (sa.peer === undefined || other.remote.address === sa.peer) &&
      establishedAt(other) >= sa.firstStartedAt &&
      sameIkePart(other.connection, connection),
  );
}

/** Gives up an attempt of ours for an IKE_SA of the peer: whoever waits and whatever is queued goes there. */
export async function join(sa: IkeSa, other: IkeSa, child: ChildConfig | undefined): Promise<void> {
  sa.log.log('ike', 1, `peer established IKE_SA ${other.label} meanwhile, using that one`);
  sa.tasks.moveTo(other.tasks);
  sa.waiters.moveTo(other.waiters);
  other.post(() => {
    other.waiters.settle(undefined, { ok: true });
    const wanted = child && (other.connection?.children.get(child.name) ?? child);
    if (wanted !== undefined && !provides(other, wanted)) {
      other.tasks.queue(childCreate(wanted));
    } else if (wanted !== undefined && !other.tasks.creates(wanted)) {
      other.waiters.settle(wanted.name, { ok: true });
    }
    return other.tasks.advance();
  });
  await sa.destroy(`peer established ${other.label} meanwhile`);
}
