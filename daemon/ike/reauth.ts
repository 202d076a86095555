import type { ChildConfig } from '../config/connection-types.ts';
import type { Destination } from './destination.ts';
import { sameEnds } from './destination.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewIkeSa } from './ike-sa-view.ts';
import { addressesToKeep } from './receive-addresses.ts';
import { childCreate } from './tasks/child-create.ts';
import { connect } from './tasks/connect.ts';
import { ikeReauth } from './tasks/ike-reauth.ts';
import { retire } from './tasks/retire.ts';

/** Seconds until a failed reauthentication is tried again, less a random share. */
const RETRY_DELAY = 15;
const RETRY_SHARE = 10;

/**
 * Authenticates anew, RFC 7296 section 2.8.3: sets up another IKE_SA with the same CHILD_SAs. By default that comes first and the old
 * one is deleted when it is there (make before break), so that no traffic is lost; with `make_before_break = no` the old one goes first.
 * Runs within a job of the IKE_SA.
 */
export async function reauthenticate(sa: IkeSa): Promise<void> {
  const replaced = sa.replacedBy !== undefined || sa.successor !== undefined;
  if (sa.state.kind !== 'established' || sa.ending || replaced) return;
  if (!mayReauthenticate(sa)) {
    const text = `initiator did not reauthenticate as requested, IKE_SA ${sa.label} ends with its lifetime`;
    sa.log.log('ike', 1, text);
    return;
  }
  if (sa.tasks.plans('IKE_REAUTH')) return;
  sa.log.log('ike', 0, `reauthenticating IKE_SA ${sa.label}`);
  if (sa.env.options().make_before_break) {
    replaceIkeSa(sa, sameEnds(sa));
    return;
  }
  const children = childrenOf(sa);
  sa.tasks.queue(ikeReauth(() => setUpAnew(sa, children, undefined, sameEnds(sa))));
  await sa.tasks.advance();
}

/** Whoever has to prove who he is by other means than both sides share, or was given an address, must be the one who asks. */
function mayReauthenticate(sa: IkeSa): boolean {
  return sa.originalInitiator || viewIkeSa(sa, []).remoteVips.length === 0;
}

/** Sets up an IKE_SA with everything that this one has, there, and deletes this one then. */
export function replaceIkeSa(sa: IkeSa, destination: Destination): IkeSa | undefined {
  const fresh = setUpAnew(sa, childrenOf(sa), sa, destination);
  if (fresh !== undefined) sa.replacedBy = fresh;
  return fresh;
}

/** What a user means by its CHILD_SAs: each configured one once. */
function childrenOf(sa: IkeSa): readonly string[] {
  const live = [...sa.children.values()].filter((child) => child.live);
  return [...new Set(live.map((child) => child.config.name))];
}

function setUpAnew(
  old: IkeSa,
  names: readonly string[],
  replaces: IkeSa | undefined,
  destination: Destination,
): IkeSa | undefined {
  const { registry } = old.env;
  const fresh = registry.renew(old, destination);
  if (fresh?.connection === undefined) return undefined;
  const { connection } = fresh;
  fresh.configuration.wanted = addressesToKeep(old);
  fresh.replaces = replaces;
  const children = names
    .map((name) => connection.children.get(name))
    .filter((child): child is ChildConfig => child !== undefined);
  fresh.post(() => {
    const [first, ...others] = children;
    fresh.tasks.queue(connect(first));
    for (const child of others) fresh.tasks.queue(childCreate(child));
    if (replaces !== undefined) {
      const failed = (): void => replaces.post(() => tryLater(replaces, fresh));
      fresh.tasks.queue(retire(replaces, 'it was reauthenticated', failed));
    }
    return fresh.tasks.advance();
  });
  return fresh;
}

function tryLater(sa: IkeSa, fresh: IkeSa): void {
  if (sa.replacedBy !== fresh || sa.ending) return;
  sa.replacedBy = undefined;
  if (fresh.destination !== undefined && 'gateway' in fresh.destination) {
    sa.log.log('ike', 1, `gateway ${fresh.destination.gateway.text} does not serve us, staying`);
    return;
  }
  const delay = RETRY_DELAY - sa.env.random.below(RETRY_SHARE);
  sa.log.log('ike', 1, `replacing IKE_SA ${sa.label} failed, trying again in ${delay}s`);
  sa.timers.start('reauth', delay * 1000);
}
