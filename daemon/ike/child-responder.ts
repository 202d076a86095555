import type { ConnectionConfig } from '../config/connection-types.ts';
import { KernelError, type SaMode } from '../contracts/kernel.ts';
import { childSpiBytes, childSpiFrom } from '../proto/child-spi.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { printProposals } from '../proto/proposal-print.ts';
import { selectProposal } from '../proto/proposal-select.ts';
import { stripKeyExchanges } from '../proto/proposal-transforms.ts';
import { reserveSpi } from './child-initiator.ts';
import { installChild } from './child-install.ts';
import type { IkeSa } from './ike-sa.ts';
import { viewIkeSa } from './ike-sa-view.ts';
import { acrossNat, backAcrossNat } from './nat-selectors.ts';
import { find, findNotify, notify } from './payloads.ts';
import { chooseChild, configuredSelectors, printSelectors } from './selectors.ts';

/**
 * Answers the CHILD_SA part of an IKE_AUTH request: chooses child, proposal and selectors (RFC 7296 sections 2.7 and
 * 2.9) and installs the result before the peer is told. A refusal is a notify; the IKE_SA lives on.
 */
export async function respondChild(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  ni: Uint8Array,
  nr: Uint8Array,
): Promise<readonly Payload[]> {
  const [offer, tsi, tsr] = [find(message, 'SA'), find(message, 'TSi'), find(message, 'TSr')];
  if (offer === undefined && tsi === undefined && tsr === undefined) return [];
  if (offer === undefined || tsi === undefined || tsr === undefined) {
    return [notify(NotifyType.INVALID_SYNTAX)];
  }
  const { log, env } = sa;
  const { child_sa_limit: limit } = env.options();
  if (limit > 0 && sa.children.size >= limit) {
    log.log('ike', 1, `peer has ${sa.children.size} CHILD_SAs, the limit (charon.child_sa_limit)`);
    return [notify(NotifyType.NO_ADDITIONAL_SAS)];
  }

  const wantsTransport = findNotify(message, NotifyType.USE_TRANSPORT_MODE) !== undefined;
  const proposed = {
    local:
      wantsTransport && sa.nat.local ? acrossNat(tsr.selectors, sa.local.address) : tsr.selectors,
    remote:
      wantsTransport && sa.nat.remote ? acrossNat(tsi.selectors, sa.remote.address) : tsi.selectors,
  };
  const choice = chooseChild(
    connection.children.values(),
    sa.local.address,
    sa.remote.address,
    proposed,
  );
  if (choice === undefined) return refuseSelectors(sa, connection, proposed);

  const { child } = choice;
  const selection = selectProposal(stripKeyExchanges(child.proposals), offer.proposals, {
    preferConfigured: env.options().prefer_configured_proposals,
    ignoreKe: true,
  });
  if (!selection.ok) {
    log.log('cfg', 1, `received proposals: ${printProposals(offer.proposals)}`);
    log.log('cfg', 1, `configured proposals: ${printProposals(child.proposals)}`);
    log.log(
      'ike',
      1,
      `no acceptable proposal found for CHILD_SA '${child.name}': ${selection.reason}`,
    );
    env.emit({ kind: 'alert', type: 'proposal-mismatch-child', ike: viewIkeSa(sa) });
    return failed(sa, NotifyType.NO_PROPOSAL_CHOSEN);
  }
  const { proposal } = selection;
  const spiOut = childSpiFrom(proposal.spi);
  if (spiOut === undefined || spiOut === 0) return [notify(NotifyType.INVALID_SYNTAX)];
  log.log('cfg', 1, `selected proposal: ${printProposals([proposal])}`);

  const transport = wantsTransport && child.mode === 'transport';
  const mode: SaMode = transport ? 'transport' : 'tunnel';
  if (child.mode === 'transport' && !transport) {
    log.log('ike', 1, 'peer does not ask for transport mode, using tunnel mode');
  }
  const ip = proposal.protocol === ProtocolId.AH ? 51 : 50;
  try {
    const spiIn = await reserveSpi(sa, proposal.protocol);
    try {
      await installChild(sa, {
        uniqueId: env.registry.nextChildId(),
        child,
        proposal,
        mode,
        spiIn,
        spiOut,
        localTs: choice.local,
        remoteTs: choice.remote,
        byUs: false,
        ni,
        nr,
        secret: undefined,
      });
    } catch (error) {
      await env.installer.releaseSpi(sa.local.address, sa.remote.address, ip, spiIn);
      throw error;
    }
    return [
      ...(transport ? [notify(NotifyType.USE_TRANSPORT_MODE)] : []),
      { kind: 'SA', proposals: [{ ...proposal, spi: childSpiBytes(spiIn) }] },
      {
        kind: 'TSi',
        selectors:
          proposed.remote === tsi.selectors
            ? choice.remote
            : backAcrossNat(choice.remote, tsi.selectors),
      },
      {
        kind: 'TSr',
        selectors:
          proposed.local === tsr.selectors
            ? choice.local
            : backAcrossNat(choice.local, tsr.selectors),
      },
    ];
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return failed(sa, NotifyType.NO_PROPOSAL_CHOSEN);
  }
}

function refuseSelectors(
  sa: IkeSa,
  connection: ConnectionConfig,
  proposed: Parameters<typeof chooseChild>[3],
): readonly Payload[] {
  sa.log.log(
    'ike',
    1,
    `traffic selectors ${printSelectors(proposed.local, proposed.remote)} unacceptable`,
  );
  for (const child of connection.children.values()) {
    const own = configuredSelectors(child, sa.local.address, sa.remote.address);
    sa.log.log('cfg', 1, `compared with '${child.name}': ${printSelectors(own.local, own.remote)}`);
  }
  sa.env.emit({ kind: 'alert', type: 'ts-mismatch', ike: viewIkeSa(sa) });
  return failed(sa, NotifyType.TS_UNACCEPTABLE);
}

function failed(sa: IkeSa, type: number): readonly Payload[] {
  sa.log.log('ike', 1, 'failed to establish CHILD_SA, keeping IKE_SA');
  sa.env.emit({ kind: 'alert', type: 'keep-on-child-sa-failure', ike: viewIkeSa(sa) });
  return [notify(type)];
}
