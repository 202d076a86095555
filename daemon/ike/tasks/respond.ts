import type { ConnectionConfig } from '../../config/connection-types.ts';
import { KeyExchangeError } from '../../contracts/crypto.ts';
import { NotifyType } from '../../proto/iana/notify-types.ts';
import { nameOfKeMethod } from '../../proto/iana/transforms.ts';
import type { Message, Payload } from '../../proto/payload.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { printProposals } from '../../proto/proposal-print.ts';
import { type ProposalSelection, selectProposal } from '../../proto/proposal-select.ts';
import { alert } from '../announce.ts';
import { noteRefusedPeer } from '../attempts/note.ts';
import {
  announcedHashes,
  hashesPayload,
  readAbilities,
  roundsPayload,
} from '../authenticators/abilities.ts';
import { methodsPayload } from '../authenticators/announced-methods.ts';
import { certRequests } from '../authenticators/cert-requests.ts';
import { childlessSupport } from '../childless.ts';
import {
  additionalKeMethods,
  agreedKeMethod,
  installKeys,
  keyExchangeOf,
} from '../ike-proposals.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { InitialExchanges } from '../initial-exchanges.ts';
import { detectNat, natDetectionPayloads } from '../nat-detection.ts';
import { find, findNotify, notify, readVendorIds, vendorIds } from '../payloads.ts';
import { acceptPpk, announcePpk } from '../ppk-responder.ts';
import { noteRedirectAbility, redirectInit } from '../redirect.ts';
import type { InboundRequest, OutboundResponse, ResponderScript } from '../task.ts';
import {
  announceIntermediate,
  announcesIntermediate,
  withoutAdditionalKe,
} from './ike-intermediate.ts';
import { NONCE_OCTETS } from './ike-sa-init.ts';
import { respondAuth } from './respond-auth.ts';
import { respondIntermediate } from './respond-intermediate.ts';

/**
 * The initial exchanges as responder, RFC 7296 section 1.2:
 *
 *     HDR, SAi1, KEi, Ni, N(NATD_S_IP), N(NATD_D_IP)  -->
 *                                <--  HDR, SAr1, KEr, Nr, N(NATD_S_IP), N(NATD_D_IP)
 *     [ HDR, SK {KEi(n)}  -->  <--  HDR, SK {KEr(n)} ]   once for each additional key exchange, and for a PPK (RFC 9867)
 *     HDR, SK {IDi, [IDr], AUTH, SAi2, TSi, TSr}  -->
 *                                <--  HDR, SK {IDr, AUTH, SAr2, TSi, TSr}
 *
 * A refused IKE_SA_INIT leaves nothing behind: the IKE_SA is destroyed once the notify is on its way.
 */
export function* respond(sa: IkeSa, first: InboundRequest): ResponderScript {
  const { message } = first;
  const [offer, ke, nonce] = [find(message, 'SA'), find(message, 'KE'), find(message, 'Nonce')];
  if (offer === undefined || ke === undefined || nonce === undefined) return;
  const candidates = sa.env.connections.candidatesForInit(sa.local, sa.remote);
  sa.log.log('ike', 0, `${sa.remote.address} is initiating an IKE_SA`);
  noteRedirectAbility(sa, message);
  const elsewhere = redirectInit(sa, nonce.data);
  if (elsewhere !== undefined) {
    yield refuse(sa, [elsewhere], 'the peer was redirected');
    return;
  }

  sa.peerIsStrongSwan = readVendorIds(sa.log, message);

  const intermediate = announcesIntermediate(message);
  const offered = intermediate ? offer.proposals : withoutAdditionalKe(offer.proposals);
  const chosen = chooseProposal(sa, candidates, offered);
  if (!chosen.ok) {
    logMismatch(sa, candidates, offer.proposals, chosen.reason);
    const kind = candidates.length === 0 ? 'no-connection' : 'proposal';
    const failure = { kind, notify: NotifyType.NO_PROPOSAL_CHOSEN } as const;
    const proposals = offer.proposals;
    noteRefusedPeer(sa, chosen.reason, failure, { candidates, proposals }, 'IKE_SA_INIT');
    yield refuse(sa, [notify(NotifyType.NO_PROPOSAL_CHOSEN)], 'no proposal in common');
    return;
  }
  const method = agreedKeMethod(chosen.proposal);
  if (ke.method !== method) {
    sa.log.log(
      'ike',
      1,
      `key exchange method ${nameOfKeMethod(ke.method)} in received payload doesn't match negotiated ${nameOfKeMethod(method)}`,
    );
    const group = Uint8Array.of(method >>> 8, method & 0xff);
    yield refuse(sa, [notify(NotifyType.INVALID_KE_PAYLOAD, group)], 'wrong key exchange method');
    return;
  }
  const exchanged = exchangeKeys(sa, method, ke.data);
  if (exchanged === undefined) {
    yield refuse(sa, [notify(NotifyType.INVALID_SYNTAX)], 'unusable key exchange value');
    return;
  }

  const nr = sa.env.random.bytes(NONCE_OCTETS);
  if (sa.log.enabled('cfg', 1)) {
    sa.log.log('cfg', 1, `selected proposal: ${printProposals([chosen.proposal])}`);
  }
  installKeys(sa, chosen.proposal, nonce.data, nr, exchanged.secret);
  sa.transition({ kind: 'connecting' });
  sa.intermediatesDue = additionalKeMethods(chosen.proposal).length;
  detectNat(sa, message);
  const connection = chosen.connection;
  // Until IKE_AUTH tells who asks, the first candidate's options stand for all.
  const announced = fragmentation(sa, connection, message);
  const told = candidates.slice(0, MAX_TOLD);
  const hashes = announcedHashes(sa, told);
  const abilities = readAbilities(sa, message, hashes);
  const ppk = acceptPpk(sa, candidates, message);
  sa.mayBringPpk = ppk.how === 'intermediate';
  const response: Payload[] = [
    { kind: 'SA', proposals: [chosen.proposal] },
    { kind: 'KE', method, data: exchanged.publicValue },
    { kind: 'Nonce', data: nr },
    ...natDetectionPayloads(sa, sa.spiI, sa.spiR, connection.encap),
    ...certRequests(sa, told, true),
    ...announced,
    ...(abilities.peerHashes === undefined ? [] : hashesPayload(hashes)),
    ...announceIntermediate(sa.intermediatesDue > 0 || sa.mayBringPpk),
    ...announcePpk(ppk),
    ...childlessSupport(connection),
    ...roundsPayload(sa),
    ...methodsPayload(sa, told),
    ...vendorIds(sa.env.options(), false),
  ];
  const next: InboundRequest = yield { payloads: response };
  const init: InitialExchanges = {
    ni: nonce.data,
    nr,
    request: first.raw,
    response: sa.engine.firstResponse,
    intAuth: new Uint8Array(0),
    abilities,
    ppk,
  };
  const done = yield* respondIntermediate(sa, init, next);
  if (done !== undefined) yield* respondAuth(sa, done.init, done.request);
}

/** Connections that our answer speaks for: what a stranger costs does not grow with the configuration. */
const MAX_TOLD = 32;

type Chosen =
  | { readonly ok: true; readonly proposal: Proposal; readonly connection: ConnectionConfig }
  | { readonly ok: false; readonly reason: string };

function chooseProposal(
  sa: IkeSa,
  candidates: readonly ConnectionConfig[],
  received: readonly Proposal[],
): Chosen {
  const options = sa.env.options();
  const tried = new Set<readonly Proposal[]>();
  let nearest: Mismatch | undefined;
  for (const connection of candidates) {
    // Many connections share one list of proposals: each list is compared once.
    if (tried.has(connection.proposals)) continue;
    tried.add(connection.proposals);
    const selection = selectProposal(connection.proposals, received, {
      preferConfigured: options.prefer_configured_proposals,
      acceptPrivate: options.accept_private_algs,
    });
    if (selection.ok) return { ok: true, proposal: selection.proposal, connection };
    if (nearest === undefined || differences(selection) < differences(nearest)) nearest = selection;
  }
  const ends = `${sa.local.address}...${sa.remote.address}`;
  return { ok: false, reason: nearest?.reason ?? `no IKE config found for ${ends}` };
}

type Mismatch = Extract<ProposalSelection, { readonly ok: false }>;

function differences({ nearest }: Mismatch): number {
  return nearest?.types.length ?? Number.POSITIVE_INFINITY;
}

function logMismatch(
  sa: IkeSa,
  candidates: readonly ConnectionConfig[],
  received: readonly Proposal[],
  reason: string,
): void {
  sa.log.log('cfg', 1, `received proposals: ${printProposals(received)}`);
  const configured = candidates[0];
  if (configured !== undefined) {
    sa.log.log('cfg', 1, `configured proposals: ${printProposals(configured.proposals)}`);
  }
  sa.log.log('ike', 1, `no acceptable proposal found: ${reason}`);
  alert(sa.env, 'proposal-mismatch-ike', sa);
}

function exchangeKeys(
  sa: IkeSa,
  method: number,
  peerPublic: Uint8Array,
): { readonly publicValue: Uint8Array; readonly secret: Uint8Array } | undefined {
  try {
    return keyExchangeOf(sa.env.crypto, method).respond(peerPublic);
  } catch (error) {
    if (!(error instanceof KeyExchangeError)) throw error;
    sa.log.log('ike', 1, `peer sent an unusable ${nameOfKeMethod(method)} value: ${error.message}`);
    return undefined;
  }
}

function fragmentation(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
): readonly Payload[] {
  if (connection.fragmentation === 'no') return [];
  const theirs = findNotify(message, NotifyType.IKEV2_FRAGMENTATION_SUPPORTED) !== undefined;
  sa.mayFragment = theirs && connection.fragmentation !== 'accept';
  return theirs ? [notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED)] : [];
}

function refuse(sa: IkeSa, payloads: readonly Payload[], reason: string): OutboundResponse {
  return { payloads, after: () => sa.destroy(reason) };
}
