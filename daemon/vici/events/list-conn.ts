import type {
  ActionFlags,
  AuthRoundConfig,
  ChildConfig,
  ConnectionConfig,
} from '../../config/connection-types.ts';
import {
  flag,
  list,
  optional,
  section,
  type Tree,
  type TreeEntry,
  value,
} from '../../config/tree.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { TransformType, transformName } from '../../proto/iana/transforms.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { printSelectorConfig } from '../../proto/traffic-selector-text.ts';
import { utf8 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';

/** One loaded connection, keys in the order of the protocol. */
export function listConnTree(config: ConnectionConfig): Tree {
  return [
    section(config.name, [
      list(
        'local_addrs',
        config.localAddrs.map((spec) => spec.text),
      ),
      list(
        'remote_addrs',
        config.remoteAddrs.map((spec) => spec.text),
      ),
      value('local_port', config.localPort),
      value('remote_port', config.remotePort),
      value('version', 'IKEv2'),
      value('reauth_time', config.reauthTime),
      value('rekey_time', config.rekeyTime),
      value('unique', `UNIQUE_${config.unique.toUpperCase()}`),
      section('proposals', proposalSections(config.proposals)),
      ...(config.dpdDelay === 0 ? [] : [value('dpd_delay', config.dpdDelay)]),
      ...(config.dpdTimeout === 0 ? [] : [value('dpd_timeout', config.dpdTimeout)]),
      ...optional('ppk_id', config.ppkId && printIdentity(config.ppkId)),
      ...flag('ppk_required', config.ppkRequired),
      ...config.local.map((round, i) => section(`local-${i + 1}`, authSection(round))),
      ...config.remote.map((round, i) => section(`remote-${i + 1}`, authSection(round))),
      section(
        'children',
        [...config.children.values()].map((child) => section(child.name, childSection(child))),
      ),
    ]),
  ];
}

const CLASS_NAMES = {
  psk: 'pre-shared key',
  pubkey: 'public key',
  eap: 'EAP',
  null: 'NULL',
  any: undefined,
};
const REVOCATION_NAMES = { strict: 'GOOD', ifuri: 'SKIPPED', relaxed: undefined };

function authSection(round: AuthRoundConfig): Tree {
  return [
    ...optional('class', CLASS_NAMES[round.class]),
    ...optional('revocation', REVOCATION_NAMES[round.revocation]),
    ...optional('id', round.id && printIdentity(round.id)),
    ...optional('ca_id', round.caId && printIdentity(round.caId)),
    ...optional('aaa_id', round.aaaId && printIdentity(round.aaaId)),
    ...optional('eap_id', round.eapId && printIdentity(round.eapId)),
    list('groups', round.groups.map(printIdentity)),
    list('cert_policy', round.certPolicy),
    list('certs', [
      ...round.certs.map(({ subject }) => printIdentity(subject)),
      // A raw key has no name but that of its owner.
      ...round.pubkeys.flatMap(() => (round.id === undefined ? [] : [printIdentity(round.id)])),
    ]),
    list(
      'cacerts',
      round.cacerts.map(({ subject }) => printIdentity(subject)),
    ),
  ];
}

function childSection(child: ChildConfig): Tree {
  const of = (protocol: number): Tree =>
    proposalSections(child.proposals.filter((proposal) => proposal.protocol === protocol));
  return [
    value('mode', child.mode.toUpperCase()),
    ...optional('label', child.label && toHex(utf8(child.label))),
    value('rekey_time', child.time.rekey),
    value('rekey_bytes', child.bytes.rekey),
    value('rekey_packets', child.packets.rekey),
    value('dpd_action', printActions(child.dpdAction)),
    value('close_action', printActions(child.closeAction)),
    section('esp_proposals', of(ProtocolId.ESP)),
    section('ah_proposals', of(ProtocolId.AH)),
    list(
      'local-ts',
      child.localTs.map((ts) => printSelectorConfig(ts)),
    ),
    list(
      'remote-ts',
      child.remoteTs.map((ts) => printSelectorConfig(ts)),
    ),
    ...optional('interface', child.interface),
    ...(child.priority === 0 ? [] : [value('priority', child.priority)]),
  ];
}

function printActions(flags: ActionFlags): string {
  const names = [flags.trap ? 'trap' : '', flags.start ? 'start' : ''].filter(
    (name) => name !== '',
  );
  return names.length === 0 ? 'none' : names.join(' | ');
}

const LISTS: readonly (readonly [string, number])[] = [
  ['encr', TransformType.ENCR],
  ['integ', TransformType.INTEG],
  ['prf', TransformType.PRF],
  ['ke', TransformType.KE],
  ...[1, 2, 3, 4, 5, 6, 7].map((n) => [`ake${n}`, TransformType.ADDKE1 + n - 1] as const),
  ['sn', TransformType.SN],
];

// Thousands of connections share a few proposals, which never change.
const written = new WeakMap<Proposal, readonly TreeEntry[]>();

function proposalSections(proposals: readonly Proposal[]): Tree {
  return proposals.map((proposal, index) => {
    const lists = written.get(proposal) ?? transformLists(proposal);
    written.set(proposal, lists);
    return section(String(index), lists);
  });
}

function transformLists({ transforms }: Proposal): readonly TreeEntry[] {
  return LISTS.flatMap(([name, type]) => {
    const items = transforms
      .filter((transform) => transform.type === type)
      .map(({ id, keyLength }) => {
        const printed = transformName(type, id);
        return keyLength === undefined ? printed : `${printed}_${keyLength}`;
      });
    return items.length === 0 ? [] : [list(name, items)];
  });
}
