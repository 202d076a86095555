import { KernelError } from '../../contracts/kernel.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import { compareBytes, lowerBytes } from '../../util/bytes.ts';
import { errorText } from '../../util/error.ts';
import { expireChild } from '../child-expiry.ts';
import { ChildProposal } from '../child-initiator.ts';
import type { ChildSa } from '../child-sa.ts';
import { takeOver } from '../child-takeover.ts';
import { beforeClosing, setUpAgain } from '../closed-children.ts';
import { type CreateAnswer, createExchange, wipeSecrets } from '../create-exchange.ts';
import { EstablishError } from '../errors.ts';
import { agreedKeMethod, keMethods } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { noLongerTemporary, retryDelay, stillTemporary } from '../retry.ts';
import { CreateProgress, type ResumedCreate } from '../state/create-progress.ts';
import type { SavedTask } from '../state/saved-task.ts';
import { AS_SENT, type OutboundRequest, type QueuedTask, type Reply } from '../task.ts';
import { childCreate } from './child-create.ts';
import { deletePayload, logDelete } from './child-delete.ts';

type Answered = Extract<CreateAnswer, { readonly kind: 'answered' }>;
type Refused = Extract<CreateAnswer, { readonly kind: 'refused' }>;

/** Replaces a CHILD_SA by a new one without losing a packet, RFC 7296 sections 1.3.3 and 2.8. */
export function childRekey(old: ChildSa, resumed?: ResumedCreate): QueuedTask {
  const progress = new RekeyProgress(resumed);
  return {
    names: ['CHILD_REKEY'],
    rekeys: old,
    run: (sa) => conversation(sa, old, progress, resumed),
    saved: () =>
      progress.left ?? {
        kind: 'child-rekey',
        child: old.terms.uniqueId,
        create: progress.saved(),
      },
    secret: () => progress.secret(),
  };
}

class RekeyProgress extends CreateProgress {
  /** What is left to do once the answer is there. */
  left: SavedTask | undefined;
}

/**
 *     HDR, SK {N(REKEY_SA), SA, Ni, [KEi], TSi, TSr}  -->  <--  HDR, SK {SA, Nr, [KEr], TSi, TSr}
 *     HDR, SK {D(old)}                                -->  <--  HDR, SK {D(old)}
 *
 * While the request is under way the peer may rekey or delete the same CHILD_SA; what it did is found in the state of
 * `old` and of its {@link ChildSa.peerRekey} when the answer comes.
 */
async function* conversation(
  sa: IkeSa,
  old: ChildSa,
  progress: RekeyProgress,
  resumed: ResumedCreate | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  if (!resumed && (old.state !== 'INSTALLED' || old.outbound !== 'INSTALLED')) return;
  if (resumed === undefined) old.state = 'REKEYING';
  old.rekeyOpen = true;
  const offer = await prepare(sa, old, resumed);
  if (offer === undefined) return;
  progress.begin(offer);
  try {
    sa.log.log('chd', 1, `establishing CHILD_SA ${old.config.name}{${offer.uniqueId}}`);
    const answer = yield* createExchange(sa, {
      payloads: offer.payloads,
      methods: keMethods(old.config.proposals),
      first: agreedKeMethod(old.terms.proposal),
      sent: progress.sent,
      resumed: resumed?.exchange,
      mayFollowUp: async (ni, nr) => {
        if (lost(old, ni, nr)) return false;
        old.followsUp = true;
        await dropRedundant(old);
        return true;
      },
    });
    old.rekeyOpen = false;
    if (answer.kind === 'answered') yield* answered(sa, old, offer, answer, progress);
    else if (answer.kind === 'refused') await refused(sa, old, answer);
    else sa.log.log('ike', 1, `CHILD_SA rekey collision lost, abandoning rekeying of ${old.label}`);
    await settleLeftovers(old);
  } finally {
    old.rekeyOpen = false;
    old.followsUp = false;
    sa.earlyDeletes.clear();
    await offer.dispose();
  }
}

/** Whether the peer's rekeying stands and ours is redundant: it is complete, or ours holds the lowest nonce. */
function lost(old: ChildSa, ni: Uint8Array, nr: Uint8Array): boolean {
  if (old.successor !== undefined) return true;
  const peer = old.peerRekey;
  if (peer === undefined || peer.replacement?.deletedByPeer) return false;
  return compareBytes(lowerBytes(ni, nr), peer.lowestNonce) < 0;
}

/** Ours stands: the peer's replacement is redundant, and the peer deletes it if it has not yet. */
async function dropRedundant(old: ChildSa): Promise<void> {
  if (old.peerRekey === undefined) return;
  const redundant = old.peerRekey.replacement;
  old.peerRekey = undefined;
  // One that the peer deleted, although that was for us to do, stays on its way out.
  if (!old.deletedByPeer) old.state = 'REKEYING';
  if (redundant === undefined) {
    await old.sa.dropFollowUp();
    return;
  }
  redundant.predecessor = undefined;
  if (redundant.deletedByPeer) {
    await redundant.remove();
    return;
  }
  redundant.state = 'REKEYED';
  await redundant.removeOutbound();
}

async function* answered(
  sa: IkeSa,
  old: ChildSa,
  offer: ChildProposal,
  answer: Answered,
  progress: RekeyProgress,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const { message, ni, nr, secrets } = answer;
  noLongerTemporary(sa);
  const redundant = lost(old, ni, nr);
  const withdrawn = offer.deletedEarly(message);
  let by: ChildSa;
  try {
    by = await offer.install(message, ni, nr, secrets, !redundant && !withdrawn);
  } catch (error) {
    if (!(error instanceof EstablishError || error instanceof KernelError)) throw error;
    sa.log.log('ike', 1, `rekeying CHILD_SA ${old.label} failed: ${errorText(error)}`);
    if (!withdrawn) offer.disown();
    await again(sa, old);
    return;
  } finally {
    wipeSecrets(secrets);
  }
  if (redundant) {
    sa.log.log('ike', 1, `CHILD_SA rekey collision lost, deleting redundant ${by.label}`);
    by.state = 'DELETING';
    await by.removeOutbound();
    progress.left = rekeyDelete(old, by);
    if (!withdrawn) yield* exchangeDelete(sa, by);
    await by.remove();
    return;
  }
  // From here on things go away: a successor of this process must know of what replaces them.
  progress.left = {
    kind: 'child-rekey-finish',
    old: old.terms.uniqueId,
    by: by.terms.uniqueId,
    withdrawn,
  };
  sa.env.sessions.checkpoint(sa);
  yield* finish(sa, old, by, withdrawn, progress);
}

/** The new CHILD_SA is there and takes over. */
async function* finish(
  sa: IkeSa,
  old: ChildSa,
  by: ChildSa,
  withdrawn: boolean,
  progress: RekeyProgress,
): AsyncGenerator<OutboundRequest, void, Reply> {
  if (old.peerRekey !== undefined) {
    sa.log.log('ike', 1, 'CHILD_SA rekey collision won, deleting old CHILD_SA');
    await dropRedundant(old);
  }
  // The peer deleted it already: it replaced the old one, but nothing is ever sent through it.
  if (withdrawn) await by.removeOutbound();
  const gone = old.deletedByPeer;
  await takeOver(old, by);
  if (withdrawn) await by.remove();
  if (!gone) {
    old.state = 'DELETING';
    progress.left = rekeyDelete(old, old);
    by.unsettled = true;
    try {
      yield* exchangeDelete(sa, old);
    } finally {
      by.unsettled = false;
    }
  }
  old.retire();
}

/** Goes on with a rekeying of a predecessor of this process, which had installed what replaces the old CHILD_SA. */
export function childRekeyFinish(old: ChildSa, by: ChildSa, withdrawn: boolean): QueuedTask {
  const progress = new RekeyProgress();
  progress.left = {
    kind: 'child-rekey-finish',
    old: old.terms.uniqueId,
    by: by.terms.uniqueId,
    withdrawn,
  };
  const run = async function* (sa: IkeSa): AsyncGenerator<OutboundRequest, void, Reply> {
    yield* finish(sa, old, by, withdrawn, progress);
    await settleLeftovers(old);
  };
  return { names: ['CHILD_REKEY'], rekeys: old, run, saved: () => progress.left ?? OTHER };
}

const OTHER: SavedTask = { kind: 'other' };

function rekeyDelete(old: ChildSa, gone: ChildSa): SavedTask {
  return {
    kind: 'child-rekey-delete',
    old: old.terms.uniqueId,
    gone: gone.terms.uniqueId,
  };
}

/** The end of a rekeying whose last request a predecessor of this process has sent: `gone` is `old` or lost a collision. */
export function childRekeyEnd(old: ChildSa | undefined, gone: ChildSa | undefined): QueuedTask {
  const run = async function* (): AsyncGenerator<OutboundRequest, void, Reply> {
    yield AS_SENT;
    if (gone !== undefined && gone === old) gone.retire();
    else await gone?.remove();
    if (old !== undefined) await settleLeftovers(old);
  };
  const none = 0;
  const saved = (): SavedTask => ({
    kind: 'child-rekey-delete',
    old: old?.terms.uniqueId ?? none,
    gone: gone?.terms.uniqueId ?? none,
  });
  return { names: ['CHILD_REKEY'], run, saved };
}

async function* exchangeDelete(
  sa: IkeSa,
  child: ChildSa,
): AsyncGenerator<OutboundRequest, void, Reply> {
  logDelete(sa, child);
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [deletePayload(child)] };
}

async function refused(sa: IkeSa, old: ChildSa, { error }: Refused): Promise<void> {
  sa.log.log('ike', 1, `received ${notifyName(error.type)} notify for rekeying of ${old.label}`);
  if (error.type === NotifyType.TEMPORARY_FAILURE) {
    if (waitsForUs(old) && !(await stillTemporary(sa))) return;
    await again(sa, old);
    return;
  }
  noLongerTemporary(sa);
  if (!waitsForUs(old)) return;
  if (error.type === NotifyType.CHILD_SA_NOT_FOUND) {
    // The peer lost it, so there is nothing to delete there: a new one is made from scratch.
    await old.remove();
    sa.log.log('chd', 0, `CHILD_SA ${old.label} closed`);
    sa.tasks.queue(childCreate(old.config));
    return;
  }
  if (error.type === NotifyType.NO_ADDITIONAL_SAS) {
    sa.log.log('ike', 1, 'peer creates no further CHILD_SAs, setting up the IKE_SA anew');
    sa.env.registry.reestablish(sa, liveNames(sa));
    await sa.deleteNow('the peer refuses to rekey CHILD_SAs');
    return;
  }
  await again(sa, old);
}

function liveNames(sa: IkeSa): readonly string[] {
  const live = [...sa.children.values()].filter((child) => child.live);
  return [...new Set(live.map((child) => child.config.name))];
}

/** Neither replaced nor about to be, nor deleted by the peer: it is up to us to rekey it. */
function waitsForUs(old: ChildSa): boolean {
  const peer = old.peerRekey;
  return old.state === 'REKEYING' && (peer === undefined || !!peer.replacement?.deletedByPeer);
}

/** Rekeying did not work this time. What the peer rekeyed or deleted meanwhile needs nothing more. */
async function again(sa: IkeSa, old: ChildSa): Promise<void> {
  if (!waitsForUs(old)) return;
  old.state = 'INSTALLED';
  if (old.expired) {
    await expireChild(old);
    return;
  }
  const delay = retryDelay(sa);
  sa.log.log(
    'chd',
    1,
    `trying to rekey CHILD_SA ${old.label} again in ${Math.round(delay / 1000)}s`,
  );
  sa.tasks.later(childRekey(old), delay);
}

/**
 * CHILD_SAs that the peer deleted while our request was open were kept, because the answer could still refer to them: now
 * they go.
 */
async function settleLeftovers(old: ChildSa): Promise<void> {
  for (const child of [old.peerRekey?.replacement, old.successor]) {
    if (child?.deletedByPeer) await close(child);
  }
  if (old.deletedByPeer && old.successor === undefined) await close(old);
}

async function close(child: ChildSa): Promise<void> {
  const { up, sa } = child;
  const lost = up ? [await beforeClosing(child)] : [];
  await child.remove();
  if (up) sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
  setUpAgain(sa, lost);
}

async function prepare(
  sa: IkeSa,
  old: ChildSa,
  resumed: ResumedCreate | undefined,
): Promise<ChildProposal | undefined> {
  try {
    return await ChildProposal.prepare(sa, old.config, true, old, resumed?.create);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    sa.log.log('ike', 1, `rekeying CHILD_SA ${old.label} failed: ${errorText(error)}`);
    old.rekeyOpen = false;
    await again(sa, old);
    return undefined;
  }
}
