import type { ChildConfig, ConnectionConfig } from '../config/connection-types.ts';
import type { SaMode } from '../contracts/kernel.ts';
import { type ChildSpi, childSpiFrom } from '../proto/child-spi.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { Proposal } from '../proto/proposal.ts';
import { printProposals } from '../proto/proposal-print.ts';
import { selectProposal } from '../proto/proposal-select.ts';
import { stripKeyExchanges } from '../proto/proposal-transforms.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { equalSelectors, narrow } from '../proto/traffic-selector-math.ts';
import { alert } from './announce.ts';
import { clipped } from './attempts/clipped.ts';
import { type Difference, type Failure, proposalFailure } from './attempts/failure.ts';
import { noteFailure, stepOfChild } from './attempts/note.ts';
import {
  type ChildFeatures,
  commonMode,
  readFeatures,
  wantedMode,
  wantsCompression,
} from './child-features.ts';
import type { ChildSa } from './child-sa.ts';
import { withinGrants } from './granted-selectors.ts';
import type { IkeSa } from './ike-sa.ts';
import { acrossNat, backAcrossNat } from './nat-selectors.ts';
import { find, findNotify, notify } from './payloads.ts';
import { type PerCpu, perCpuForPeer, wantsPerCpu } from './per-cpu.ts';
import {
  type ChildChoice,
  chooseChild,
  configuredSelectors,
  localHosts,
  printSelectors,
  remoteHosts,
  tooManyPairs,
} from './selectors.ts';

/** What a CHILD_SA request of the peer and our configuration have in common, from our point of view. */
export interface NegotiatedChild {
  readonly kind: 'agreed';
  readonly child: ChildConfig;
  readonly proposal: Proposal;
  readonly mode: SaMode;
  /** Both want IPComp. */
  readonly compress: boolean;
  /** What the peer said of itself. */
  readonly peer: ChildFeatures;
  /** Both want SAs per CPU: which one this is. */
  readonly perCpu?: PerCpu;
  readonly spiOut: ChildSpi;
  readonly localTs: readonly TrafficSelector[];
  readonly remoteTs: readonly TrafficSelector[];
  /** TSi and TSr of the answer, in the peer's addresses. */
  readonly selectors: readonly Payload[];
}

/** A notify that says no; the IKE_SA lives on. */
export interface RefusedChild {
  readonly kind: 'refused';
  readonly payloads: readonly Payload[];
}

/**
 * Chooses child, proposal and selectors for a request of the peer, RFC 7296 sections 2.7 and 2.9. Within IKE_AUTH
 * (`keyExchange` false) key exchange methods do not count. For a rekeying (`replaces`) only that CHILD_SA's configuration
 * counts. `undefined` if the request asks for no CHILD_SA.
 */
export function negotiateChild(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  keyExchange: boolean,
  replaces?: ChildSa,
): NegotiatedChild | RefusedChild | undefined {
  const [offer, tsi, tsr] = [find(message, 'SA'), find(message, 'TSi'), find(message, 'TSr')];
  if (offer === undefined && tsi === undefined && tsr === undefined) return undefined;
  if (offer === undefined || tsi === undefined || tsr === undefined) {
    return refused(NotifyType.INVALID_SYNTAX);
  }
  const { log, env } = sa;
  const { child_sa_limit: limit } = env.options();
  if (replaces === undefined && limit > 0 && sa.children.size >= limit) {
    log.log('ike', 1, `peer has ${sa.children.size} CHILD_SAs, the limit (charon.child_sa_limit)`);
    return refused(NotifyType.NO_ADDITIONAL_SAS);
  }
  // What IKE_AUTH refused without an address must not be had in an exchange of its own.
  const needsAddress = !sa.originalInitiator && connection.pools.length > 0;
  if (needsAddress && sa.configuration.remote.length === 0) {
    log.log('ike', 1, 'expected a virtual IP request, sending FAILED_CP_REQUIRED');
    noteMissingRequest(sa);
    return failed(sa, NotifyType.FAILED_CP_REQUIRED);
  }
  const wantsTransport = findNotify(message, NotifyType.USE_TRANSPORT_MODE) !== undefined;
  const ends = { local: sa.local.address, remote: sa.remote.address };
  const translated = {
    local: wantsTransport && sa.nat.local,
    remote: wantsTransport && sa.nat.remote,
  };
  const proposed = {
    local: translated.local ? acrossNat(tsr.selectors, ends.local) : tsr.selectors,
    remote: withinGrants(
      sa,
      translated.remote ? acrossNat(tsi.selectors, ends.remote) : tsi.selectors,
    ),
  };
  const hosts = [localHosts(sa), remoteHosts(sa)] as const;
  const choice =
    replaces === undefined
      ? chooseChild(connection.children.values(), ...hosts, proposed)
      : (unchanged(replaces, proposed) ?? chooseChild([replaces.config], ...hosts, proposed));
  if (choice === undefined) return refuseSelectors(sa, connection, proposed, replaces);

  const { child } = choice;
  if (tooManyPairs(sa, choice, replaces)) {
    const reason = `${choice.local.length} local and ${choice.remote.length} remote traffic selectors make too many policies`;
    log.log('ike', 1, reason);
    noteRefusedChild(sa, reason, { kind: 'selectors' }, NotifyType.TS_UNACCEPTABLE, child.name);
    return failed(sa, NotifyType.TS_UNACCEPTABLE);
  }
  const configured = keyExchange ? child.proposals : stripKeyExchanges(child.proposals);
  const selection = selectProposal(configured, offer.proposals, {
    preferConfigured: env.options().prefer_configured_proposals,
    ignoreKe: !keyExchange,
  });
  if (!selection.ok) {
    log.log('cfg', 1, `received proposals: ${printProposals(offer.proposals)}`);
    log.log('cfg', 1, `configured proposals: ${printProposals(child.proposals)}`);
    log.log(
      'ike',
      1,
      `no acceptable proposal found for CHILD_SA '${child.name}': ${selection.reason}`,
    );
    alert(env, 'proposal-mismatch-child', sa);
    const failure = proposalFailure(selection.nearest);
    noteRefusedChild(sa, selection.reason, failure, NotifyType.NO_PROPOSAL_CHOSEN, child.name);
    return failed(sa, NotifyType.NO_PROPOSAL_CHOSEN);
  }
  const { proposal } = selection;
  const spiOut = childSpiFrom(proposal.spi);
  if (spiOut === undefined || spiOut === 0) return refused(NotifyType.INVALID_SYNTAX);
  if (log.enabled('cfg', 1)) {
    log.log('cfg', 1, `selected proposal: ${printProposals([proposal])}`);
  }
  const peer = readFeatures(sa, message);
  const wanted = wantedMode(sa, child, [proposal], choice.local, choice.remote);
  const mode = commonMode(sa, wanted, peer.mode, false);
  const perCpu =
    replaces === undefined && peer.perCpu !== undefined && wantsPerCpu(sa, child)
      ? perCpuForPeer(sa, child.name, choice.local, choice.remote)
      : undefined;
  if (perCpu === 'full') return refused(NotifyType.TS_MAX_QUEUE);
  return {
    kind: 'agreed',
    child,
    proposal,
    mode,
    compress: peer.cpi !== undefined && wantsCompression(sa, child, mode),
    peer,
    ...(perCpu && { perCpu }),
    spiOut,
    localTs: choice.local,
    remoteTs: choice.remote,
    selectors: [
      {
        kind: 'TSi',
        selectors: translated.remote ? backAcrossNat(choice.remote, tsi.selectors) : choice.remote,
      },
      {
        kind: 'TSr',
        selectors: translated.local ? backAcrossNat(choice.local, tsr.selectors) : choice.local,
      },
    ],
  };
}

/** The selectors of the CHILD_SA that is replaced, if the proposed ones cover them: traffic keeps its way. */
function unchanged(
  { config, terms }: ChildSa,
  proposed: Parameters<typeof chooseChild>[3],
): ChildChoice | undefined {
  const { localTs, remoteTs } = terms;
  const covered =
    equalSelectors(narrow(localTs, proposed.local), localTs) &&
    equalSelectors(narrow(remoteTs, proposed.remote), remoteTs);
  return covered ? { child: config, local: localTs, remote: remoteTs } : undefined;
}

function refuseSelectors(
  sa: IkeSa,
  connection: ConnectionConfig,
  proposed: Parameters<typeof chooseChild>[3],
  replaces: ChildSa | undefined,
): RefusedChild {
  const theirs = printSelectors(proposed.local, proposed.remote);
  const reason = `traffic selectors ${theirs} unacceptable`;
  sa.log.log('ike', 1, reason);
  const differences: Difference[] = [];
  for (const child of connection.children.values()) {
    const own = configuredSelectors(child, localHosts(sa), remoteHosts(sa));
    const ours = printSelectors(own.local, own.remote);
    sa.log.log('cfg', 1, `compared with '${child.name}': ${ours}`);
    if (differences.length === MAX_COMPARED) continue;
    const what = `selectors of '${child.name}'`;
    differences.push({ what, ours: clipped(ours), theirs: clipped(theirs) });
  }
  const failure = { kind: 'selectors', differences } as const;
  noteRefusedChild(sa, reason, failure, NotifyType.TS_UNACCEPTABLE, replaces?.config.name);
  alert(sa.env, 'ts-mismatch', sa);
  return failed(sa, NotifyType.TS_UNACCEPTABLE);
}

/** Children whose selectors are remembered beside those of the peer. */
const MAX_COMPARED = 4;

/** Remembers that a CHILD_SA which the peer asked for was refused with `notify`. */
export function noteRefusedChild(
  sa: IkeSa,
  reason: string,
  failure: Failure,
  notify: number,
  child?: string,
): void {
  const context = { role: 'responder', ...(child !== undefined && { child }) } as const;
  noteFailure(sa, reason, { ...failure, notify }, { ...context, step: stepOfChild(sa) });
}

/** Remembers that a peer without a virtual IP asked for a CHILD_SA that is for one. */
export function noteMissingRequest(sa: IkeSa): void {
  const reason = 'the connection has pools, and the peer asked for no virtual IP';
  noteRefusedChild(sa, reason, { kind: 'virtual-ip' }, NotifyType.FAILED_CP_REQUIRED);
}

/** A refusal that people should hear of. */
export function failed(sa: IkeSa, type: number): RefusedChild {
  sa.log.log('ike', 1, 'failed to establish CHILD_SA, keeping IKE_SA');
  alert(sa.env, 'keep-on-child-sa-failure', sa);
  return refused(type);
}

function refused(type: number): RefusedChild {
  return { kind: 'refused', payloads: [notify(type)] };
}
