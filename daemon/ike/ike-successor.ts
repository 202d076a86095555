import type { IkeSpi } from '../proto/ike-spi.ts';
import type { Proposal } from '../proto/proposal.ts';
import { announceIkeRekey } from './announce.ts';
import { type ExchangedSecrets, wipeSecrets } from './create-exchange.ts';
import { installRekeyedKeys } from './ike-proposals.ts';
import type { IkeSa } from './ike-sa.ts';
import { scheduleLifetimes } from './lifetimes.ts';
import { watchLiveness } from './liveness.ts';
import { retransmissionTotal } from './retransmission.ts';
import { proceed } from './roam.ts';
import { ikeCrashToken } from './tasks/ike-crash-token.ts';

/** What the exchange that rekeys an IKE_SA arrived at. */
export interface IkeAgreement {
  /** We sent the request: we are the initiator of the new IKE_SA, RFC 7296 section 2.18. */
  readonly byUs: boolean;
  readonly proposal: Proposal;
  readonly ownSpi: IkeSpi;
  readonly peerSpi: IkeSpi;
  readonly ni: Uint8Array;
  readonly nr: Uint8Array;
  /** Wiped. */
  readonly secrets: ExchangedSecrets;
}

/**
 * An IKE_SA to replace `old`: it has keys and everything that was negotiated, and is found by its SPI, but nobody is told of
 * it and it has no CHILD_SAs until {@link handOver}.
 */
export function makeSuccessor(old: IkeSa, agreement: IkeAgreement): IkeSa {
  const { byUs, ownSpi, peerSpi, secrets } = agreement;
  const fresh = old.env.registry.successor(old, byUs, ownSpi);
  if (byUs) fresh.spiR = peerSpi;
  else fresh.spiI = peerSpi;
  inherit(old, fresh);
  installRekeyedKeys(fresh, old, agreement);
  wipeSecrets(secrets);
  fresh.succeed(old);
  if (!byUs) fresh.origin = old;
  return fresh;
}

/** Everything that the two ends agreed on outside of keys and CHILD_SAs, which outlasts a rekeying. */
function inherit(old: IkeSa, fresh: IkeSa): void {
  fresh.rekeyed = true;
  fresh.localId = old.localId;
  fresh.remoteId = old.remoteId;
  fresh.local = old.local;
  fresh.remote = old.remote;
  fresh.mayFragment = old.mayFragment;
  fresh.peerIsChildless = old.peerIsChildless;
  fresh.peerIsStrongSwan = old.peerIsStrongSwan;
  fresh.interfaceIds = old.interfaceIds;
  fresh.originalInitiator = old.originalInitiator;
  fresh.reauthAt = old.reauthAt;
  fresh.syncsMessageIds = old.syncsMessageIds;
  fresh.usesPpk = old.usesPpk;
  fresh.peerFollowsRedirects = old.peerFollowsRedirects;
  fresh.destination = old.destination;
  Object.assign(fresh.nat, old.nat);
}

/** Timers of an IKE_SA that is in use. */
const IN_USE = [
  'dpd',
  'dpdPutOff',
  'natKeepalive',
  'inactivity',
  'rekey',
  'reauth',
  'hardLifetime',
] as const;

/** Milliseconds beyond all retransmissions. */
const GRACE = 30_000;

/**
 * Milliseconds that the peer has to delete an IKE_SA which it replaced, or which lost a collision: as long as it would go on
 * asking if it retransmits as we do.
 */
export function deletePatience(sa: IkeSa): number {
  return retransmissionTotal(sa.env.options()) + GRACE;
}

/**
 * CHILD_SAs, virtual IPs and everything that waits move from `old` to the IKE_SA that replaces it, and the world is told.
 * What waits must not go on before the peer knows of the new one: then {@link goOn}.
 */
export function handOver(old: IkeSa, fresh: IkeSa): void {
  fresh.local = old.local;
  fresh.remote = old.remote;
  fresh.ending = old.ending;
  old.successor = fresh;
  old.peerRekey = undefined;
  fresh.origin = undefined;
  for (const child of [...old.children.values()]) {
    child.moveTo(fresh);
    // It finds out by itself how long is left.
    if (child.config.inactivity > 0) fresh.timers.startWithin('inactivity', 1000);
  }
  old.configuration.moveTo(fresh.configuration);
  fresh.mobike = old.mobike;
  old.mobike = undefined;
  old.tasks.moveTo(fresh.tasks);
  old.waiters.moveTo(fresh.waiters);
  fresh.replacedBy = old.replacedBy;
  if (fresh.replacedBy?.replaces === old) fresh.replacedBy.replaces = fresh;
  for (const timer of IN_USE) old.timers.stop(timer);
  fresh.timers.stop('replaced');
  // A peer that rekeys ever again and deletes nothing must not have more and more of them.
  old.elder?.dismiss('it was replaced');
  fresh.elder = old;
  old.timers.start('replaced', deletePatience(old));
  old.env.registry.replaced(old, fresh);
  fresh.log.log(
    'ike',
    0,
    `IKE_SA ${fresh.label} rekeyed between ${fresh.local.address}[${fresh.printedId('local')}]...` +
      `${fresh.remote.address}[${fresh.printedId('remote')}]`,
  );
  if (old.up) {
    old.up = false;
    fresh.up = true;
    announceIkeRekey(old, fresh);
  }
  scheduleLifetimes(fresh);
  watchLiveness(fresh);
  // A peer that gave us a token has use for a new one: the old one names the old SPIs.
  if (old.peerCrashToken !== undefined) fresh.tasks.queue(ikeCrashToken());
}

/** What waited when an IKE_SA took over goes on in it. */
export function goOn(fresh: IkeSa): void {
  const { mobike } = fresh;
  fresh.post(() => (mobike === undefined ? fresh.tasks.advance() : proceed(fresh, mobike)));
}
