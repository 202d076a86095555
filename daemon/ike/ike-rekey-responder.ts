import { NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import { ikeSpiBytes, ikeSpiFrom, NO_SPI } from '../proto/ike-spi.ts';
import { printProposals } from '../proto/proposal-print.ts';
import { selectProposal } from '../proto/proposal-select.ts';
import { lowerBytes } from '../util/bytes.ts';
import { alert } from './announce.ts';
import { respondExchange } from './create-responder.ts';
import type { IkeSa } from './ike-sa.ts';
import { goOn, handOver, makeSuccessor } from './ike-successor.ts';
import { find, notify } from './payloads.ts';
import type { InboundRequest, OutboundResponse, ResponderScript } from './task.ts';

/**
 * The peer rekeys the IKE_SA, RFC 7296 section 1.3.2. The new one takes over before the answer leaves, unless a rekeying
 * of our own is under way: then the answer to that decides (section 2.8.2).
 */
export function* respondIkeRekey(sa: IkeSa, first: InboundRequest): ResponderScript {
  const { connection, env, log } = sa;
  const [offer, nonce] = [find(first.message, 'SA'), find(first.message, 'Nonce')];
  if (connection === undefined || offer === undefined || nonce === undefined) return;
  if (busy(sa) || sa.peerRekey !== undefined) {
    log.log('ike', 1, 'peer asks to rekey the IKE_SA, which is not possible now');
    yield { payloads: [notify(NotifyType.TEMPORARY_FAILURE)] };
    return;
  }
  log.log('ike', 0, `${sa.remote.address} is rekeying IKE_SA ${sa.label}`);
  const options = env.options();
  const selection = selectProposal(connection.proposals, offer.proposals, {
    preferConfigured: options.prefer_configured_proposals,
    acceptPrivate: options.accept_private_algs,
  });
  if (!selection.ok) {
    log.log('cfg', 1, `received proposals: ${printProposals(offer.proposals)}`);
    log.log('cfg', 1, `configured proposals: ${printProposals(connection.proposals)}`);
    log.log('ike', 1, `no acceptable proposal found: ${selection.reason}`);
    alert(env, 'proposal-mismatch-ike', sa);
    yield { payloads: [notify(NotifyType.NO_PROPOSAL_CHOSEN)] };
    return;
  }
  const { proposal } = selection;
  const peerSpi = ikeSpiFrom(proposal.spi);
  if (peerSpi === undefined || peerSpi === NO_SPI || proposal.protocol !== ProtocolId.IKE) {
    yield { payloads: [notify(NotifyType.INVALID_SYNTAX)] };
    return;
  }
  const ownSpi = env.registry.newSpi();
  const ni = nonce.data;
  const pending = { successor: undefined, lowestNonce: ni };
  try {
    yield* respondExchange(sa, first, {
      proposal,
      payloads: (exchange) => [
        { kind: 'SA', proposals: [{ ...proposal, spi: ikeSpiBytes(ownSpi) }] },
        ...exchange,
      ],
      begin: (nr) => {
        pending.lowestNonce = lowerBytes(ni, nr);
        sa.peerRekey = pending;
      },
      refusal: () => (busy(sa) ? [notify(NotifyType.TEMPORARY_FAILURE)] : undefined),
      complete: (nr, secrets): OutboundResponse => {
        const agreement = { byUs: false, proposal, ownSpi, peerSpi, ni, nr, secrets };
        const successor = makeSuccessor(sa, agreement);
        if (sa.rekeyOpen) {
          sa.peerRekey = { successor, lowestNonce: pending.lowestNonce };
          return { payloads: [] };
        }
        handOver(sa, successor);
        return { payloads: [], after: () => goOn(successor) };
      },
    });
  } finally {
    if (sa.peerRekey === pending) sa.peerRekey = undefined;
  }
}

/** RFC 7296 section 2.25.2: what excludes that the peer rekeys the IKE_SA now. */
function busy(sa: IkeSa): boolean {
  const { tasks } = sa;
  return (
    sa.state.kind !== 'established' ||
    sa.ending ||
    sa.successor !== undefined ||
    sa.followsUp ||
    tasks.runs('CHILD_CREATE') ||
    tasks.runs('CHILD_REKEY') ||
    tasks.runs('CHILD_DELETE') ||
    // The addresses being agreed on belong to the IKE_SA that asks for them.
    tasks.runs('IKE_MOBIKE')
  );
}
