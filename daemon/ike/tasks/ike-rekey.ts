import { NotifyType, notifyName } from '../../proto/iana/notify-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { type IkeSpi, ikeSpiBytes, ikeSpiFrom, NO_SPI } from '../../proto/ike-spi.ts';
import type { Message } from '../../proto/payload.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { printProposals } from '../../proto/proposal-print.ts';
import { selectProposal } from '../../proto/proposal-select.ts';
import { compareBytes, lowerBytes } from '../../util/bytes.ts';
import { type CreateAnswer, createExchange, wipeSecrets } from '../create-exchange.ts';
import { additionalKeMethods, agreedKeMethod, keMethods, numbered } from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import { deletePatience, goOn, handOver, makeSuccessor } from '../ike-successor.ts';
import { find } from '../payloads.ts';
import { noLongerTemporary, retryDelay, stillTemporary } from '../retry.ts';
import { CreateProgress, type ResumedCreate } from '../state/create-progress.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';
import { closeIkeSa, ikeDelete } from './ike-delete.ts';

type Answered = Extract<CreateAnswer, { readonly kind: 'answered' }>;
type Refused = Extract<CreateAnswer, { readonly kind: 'refused' }>;

/** Replaces an IKE_SA by a new one that takes over everything, RFC 7296 sections 1.3.2 and 2.8.2. */
export function ikeRekey(resumed?: ResumedCreate): QueuedTask {
  const progress = new CreateProgress(resumed);
  return {
    names: ['IKE_REKEY'],
    run: (sa) => conversation(sa, progress, resumed),
    saved: (sa) =>
      sa.state.kind === 'deleting' || sa.successor !== undefined
        ? { kind: 'ike-delete' }
        : { kind: 'ike-rekey', create: progress.saved() },
    secret: () => progress.secret(),
  };
}

/** An IKE_SA is to be rekeyed, unless that is under way or it is replaced or ends anyway. Runs within a job of it. */
export async function rekeyIke(sa: IkeSa): Promise<void> {
  if (!rekeyable(sa) || sa.tasks.plans('IKE_REKEY')) return;
  sa.tasks.queue(ikeRekey());
  await sa.tasks.advance();
}

function rekeyable(sa: IkeSa): boolean {
  const { state, ending, successor, origin } = sa;
  // One that has not taken over yet has nothing that could go on in another.
  return state.kind === 'established' && !ending && successor === undefined && origin === undefined;
}

/**
 *     HDR, SK {SA, Ni, KEi}  -->  <--  HDR, SK {SA, Nr, KEr}
 *     HDR, SK {D}            -->  <--  HDR, SK {}
 *
 * While the request is under way the peer may rekey the same IKE_SA: what it made waits in {@link IkeSa.peerRekey}.
 */
async function* conversation(
  sa: IkeSa,
  progress: CreateProgress,
  resumed: ResumedCreate | undefined,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const { connection } = sa;
  if ((!resumed && !rekeyable(sa)) || connection === undefined) return;
  const ownSpi = resumed?.create.ownSpi ?? sa.env.registry.newSpi();
  progress.ownSpi = ownSpi;
  const proposals = numbered(connection.proposals, ikeSpiBytes(ownSpi));
  sa.log.log('ike', 1, `rekeying IKE_SA ${sa.label}`);
  sa.rekeyOpen = true;
  try {
    const answer = yield* createExchange(sa, {
      payloads: [{ kind: 'SA', proposals }],
      methods: keMethods(connection.proposals),
      first: sa.proposal === undefined ? undefined : agreedKeMethod(sa.proposal),
      sent: progress.sent,
      resumed: resumed?.exchange,
      mayFollowUp: async (ni, nr) => {
        if (lost(sa, ni, nr)) return false;
        sa.followsUp = true;
        await dropRedundant(sa);
        return true;
      },
    });
    sa.rekeyOpen = false;
    if (answer.kind === 'answered') yield* answered(sa, proposals, ownSpi, answer);
    else if (answer.kind === 'refused') await refused(sa, answer);
    else {
      sa.log.log('ike', 1, `IKE_SA rekey collision lost, abandoning rekeying of ${sa.label}`);
      completePeerRekey(sa);
    }
  } finally {
    sa.rekeyOpen = false;
    sa.followsUp = false;
  }
}

/** Whether the peer's rekeying stands and ours is redundant: it has taken over, or ours holds the lowest nonce. */
function lost(sa: IkeSa, ni: Uint8Array, nr: Uint8Array): boolean {
  if (sa.successor !== undefined) return true;
  const peer = sa.peerRekey;
  if (peer === undefined || peer.successor?.destroyed) return false;
  return compareBytes(lowerBytes(ni, nr), peer.lowestNonce) < 0;
}

/** Ours stands: what the peer made is redundant, and the peer deletes it. */
async function dropRedundant(sa: IkeSa): Promise<void> {
  if (sa.peerRekey === undefined) return;
  const redundant = sa.peerRekey.successor;
  sa.peerRekey = undefined;
  if (redundant === undefined) await sa.dropFollowUp();
  else if (!redundant.destroyed) redundant.timers.start('replaced', deletePatience(redundant));
}

/**
 * The peer asks something of an IKE_SA that it made to replace another: it has decided that this one stands, which is more than we
 * know while our own rekeying is unanswered. Only to delete the IKE_SA is to say the opposite.
 */
export function takeOverIfUsed(sa: IkeSa, { payloads }: Message): void {
  const { origin } = sa;
  if (origin === undefined || origin.peerRekey?.successor !== sa) return;
  const withdrawn = payloads.some(
    (payload) => payload.kind === 'Delete' && payload.protocol === ProtocolId.IKE,
  );
  if (!withdrawn) completePeerRekey(origin);
}

/** What the peer made takes over, if it is complete. */
export function completePeerRekey(sa: IkeSa): boolean {
  const successor = sa.peerRekey?.successor;
  if (successor === undefined || successor.destroyed || sa.successor !== undefined) return false;
  handOver(sa, successor);
  goOn(successor);
  return true;
}

async function* answered(
  sa: IkeSa,
  proposals: readonly Proposal[],
  ownSpi: IkeSpi,
  { message, ni, nr, secrets }: Answered,
): AsyncGenerator<OutboundRequest, void, Reply> {
  noLongerTemporary(sa);
  const offered = find(message, 'SA')?.proposals ?? [];
  const selection = selectProposal(proposals, offered, { preferConfigured: false });
  const peerSpi = ikeSpiFrom(offered[0]?.spi ?? new Uint8Array(0));
  const agreed = selection.ok ? selection.proposal : undefined;
  const did =
    agreed !== undefined &&
    offered.length === 1 &&
    agreed.protocol === ProtocolId.IKE &&
    agreedKeMethod(agreed) === secrets.method &&
    additionalKeMethods(agreed).length === secrets.additional.length;
  if (!did || peerSpi === undefined || peerSpi === NO_SPI) {
    wipeSecrets(secrets);
    const text = `peer selected ${printProposals(offered)}, which is not what we proposed and did`;
    sa.log.log('ike', 1, `rekeying IKE_SA ${sa.label} failed: ${text}`);
    again(sa);
    return;
  }
  sa.log.log('cfg', 1, `selected proposal: ${printProposals([agreed])}`);
  const redundant = lost(sa, ni, nr);
  const fresh = makeSuccessor(sa, {
    byUs: true,
    proposal: agreed,
    ownSpi,
    peerSpi,
    ni,
    nr,
    secrets,
  });
  if (redundant) {
    const text = `IKE_SA rekey collision lost, deleting redundant IKE_SA ${fresh.label}`;
    sa.log.log('ike', 1, text);
    fresh.ending = true;
    fresh.post(() => {
      fresh.tasks.queue(ikeDelete());
      return fresh.tasks.advance();
    });
    completePeerRekey(sa);
    return;
  }
  if (sa.peerRekey !== undefined) {
    sa.log.log('ike', 1, `IKE_SA rekey collision won, deleting old IKE_SA ${sa.label}`);
    await dropRedundant(sa);
  }
  handOver(sa, fresh);
  goOn(fresh);
  yield* closeIkeSa(sa);
}

async function refused(sa: IkeSa, { error }: Refused): Promise<void> {
  sa.log.log('ike', 1, `received ${notifyName(error.type)} notify for rekeying of ${sa.label}`);
  // The peer is done with its own rekeying, or is about to be: ours is not needed any more.
  if (sa.successor !== undefined || completePeerRekey(sa)) return;
  if (sa.peerRekey !== undefined && !sa.peerRekey.successor?.destroyed) return;
  if (error.type === NotifyType.TEMPORARY_FAILURE) {
    if (await stillTemporary(sa)) again(sa);
    return;
  }
  noLongerTemporary(sa);
  if (error.type === NotifyType.NO_ADDITIONAL_SAS) {
    sa.log.log('ike', 1, 'peer does not rekey IKE_SAs, setting up a new one instead');
    sa.reauthenticate();
    return;
  }
  again(sa);
}

/** It did not work this time; until the hard lifetime there are more. */
function again(sa: IkeSa): void {
  if (!rekeyable(sa)) return;
  const delay = retryDelay(sa);
  sa.log.log('ike', 1, `trying to rekey IKE_SA ${sa.label} again in ${Math.round(delay / 1000)}s`);
  sa.tasks.later(ikeRekey(), delay);
}
