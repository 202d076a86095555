import type {
  ActionFlags,
  AuthRoundConfig,
  ChildConfig,
  ConnectionConfig,
} from '../../config/connection-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import type { Identity } from '../../proto/identity.ts';
import { printIdentity } from '../../proto/identity-text.ts';
import type { Proposal } from '../../proto/proposal.ts';
import { printSelectorConfig, type SelectorConfig } from '../../proto/traffic-selector-text.ts';
import { utf8 } from '../../util/bytes.ts';
import { toHex } from '../../util/hex.ts';
import { listKeys, type MessageKey, sectionKeys, valueKeys } from '../message-keys.ts';
import type { MessageWriter } from '../message-writer.ts';
import { transformLists } from './transform-lists.ts';

const K = valueKeys(
  'local_port',
  'remote_port',
  'version',
  'reauth_time',
  'rekey_time',
  'unique',
  'dpd_delay',
  'dpd_timeout',
  'ppk_id',
  'ppk_required',
);
const L = listKeys('local_addrs', 'remote_addrs');
const S = sectionKeys('proposals', 'children', 'esp_proposals', 'ah_proposals');

/** Writes one loaded connection, keys in the order of the protocol. */
export function writeConnection(out: MessageWriter, config: ConnectionConfig): void {
  out.named(config.name);
  writeTexts(out, L.local_addrs, config.localAddrs);
  writeTexts(out, L.remote_addrs, config.remoteAddrs);
  out.number(K.local_port, config.localPort);
  out.number(K.remote_port, config.remotePort);
  out.text(K.version, 'IKEv2');
  out.number(K.reauth_time, config.reauthTime);
  out.number(K.rekey_time, config.rekeyTime);
  out.text(K.unique, UNIQUE[config.unique]);
  out.section(S.proposals);
  writeProposals(out, config.proposals);
  out.end();
  writeNonZero(out, K.dpd_delay, config.dpdDelay);
  writeNonZero(out, K.dpd_timeout, config.dpdTimeout);
  writeIdentity(out, K.ppk_id, config.ppkId);
  out.flag(K.ppk_required, config.ppkRequired);
  writeRounds(out, 'local', config.local);
  writeRounds(out, 'remote', config.remote);
  out.section(S.children);
  for (const child of config.children.values()) writeChild(out, child);
  out.end();
  out.end();
}

const UNIQUE = {
  never: 'UNIQUE_NEVER',
  no: 'UNIQUE_NO',
  keep: 'UNIQUE_KEEP',
  replace: 'UNIQUE_REPLACE',
} as const;

const CLASS_NAMES = {
  psk: 'pre-shared key',
  pubkey: 'public key',
  eap: 'EAP',
  null: 'NULL',
  any: undefined,
};
const REVOCATION_NAMES = { strict: 'GOOD', ifuri: 'SKIPPED', relaxed: undefined };

const R = valueKeys('class', 'revocation', 'id', 'ca_id', 'aaa_id', 'eap_id');
const RL = listKeys('groups', 'cert_policy', 'certs', 'cacerts');

function writeRounds(
  out: MessageWriter,
  side: 'local' | 'remote',
  rounds: readonly AuthRoundConfig[],
): void {
  for (const [i, round] of rounds.entries()) {
    out.named(`${side}-${i + 1}`);
    writeRound(out, round);
    out.end();
  }
}

function writeRound(out: MessageWriter, round: AuthRoundConfig): void {
  const { id } = round;
  out.text(R.class, CLASS_NAMES[round.class]);
  out.text(R.revocation, REVOCATION_NAMES[round.revocation]);
  writeIdentity(out, R.id, id);
  writeIdentity(out, R.ca_id, round.caId);
  writeIdentity(out, R.aaa_id, round.aaaId);
  writeIdentity(out, R.eap_id, round.eapId);
  out.raw(RL.groups);
  for (const group of round.groups) out.item(printIdentity(group));
  out.endList();
  out.list(RL.cert_policy, round.certPolicy);
  out.raw(RL.certs);
  for (const { subject } of round.certs) out.item(printIdentity(subject));
  // A raw key has no name but that of its owner.
  if (id !== undefined) for (const _ of round.pubkeys) out.item(printIdentity(id));
  out.endList();
  out.raw(RL.cacerts);
  for (const { subject } of round.cacerts) out.item(printIdentity(subject));
  out.endList();
}

const C = valueKeys(
  'mode',
  'label',
  'rekey_time',
  'rekey_bytes',
  'rekey_packets',
  'dpd_action',
  'close_action',
  'interface',
  'priority',
);
const CL = listKeys('local-ts', 'remote-ts');

function writeChild(out: MessageWriter, child: ChildConfig): void {
  const { label } = child;
  out.named(child.name);
  out.text(C.mode, child.mode.toUpperCase());
  out.text(C.label, label && toHex(utf8(label)));
  out.number(C.rekey_time, child.time.rekey);
  out.number(C.rekey_bytes, child.bytes.rekey);
  out.number(C.rekey_packets, child.packets.rekey);
  out.text(C.dpd_action, printActions(child.dpdAction));
  out.text(C.close_action, printActions(child.closeAction));
  out.section(S.esp_proposals);
  writeProposals(out, child.proposals, ProtocolId.ESP);
  out.end();
  out.section(S.ah_proposals);
  writeProposals(out, child.proposals, ProtocolId.AH);
  out.end();
  writeSelectors(out, CL['local-ts'], child.localTs);
  writeSelectors(out, CL['remote-ts'], child.remoteTs);
  out.text(C.interface, child.interface);
  writeNonZero(out, C.priority, child.priority);
  out.end();
}

function printActions({ trap, start }: ActionFlags): string {
  if (trap) return start ? 'trap | start' : 'trap';
  return start ? 'start' : 'none';
}

/** Writes proposals, or those of one protocol, as sections with numbers from 0. */
function writeProposals(
  out: MessageWriter,
  proposals: readonly Proposal[],
  protocol?: ProtocolId,
): void {
  let number = 0;
  for (const proposal of proposals) {
    if (protocol !== undefined && proposal.protocol !== protocol) continue;
    out.named(String(number++));
    out.raw(transformLists(proposal));
    out.end();
  }
}

function writeSelectors(
  out: MessageWriter,
  key: MessageKey,
  selectors: readonly SelectorConfig[],
): void {
  out.raw(key);
  for (const selector of selectors) out.item(printSelectorConfig(selector));
  out.endList();
}

function writeTexts(
  out: MessageWriter,
  key: MessageKey,
  items: readonly { readonly text: string }[],
): void {
  out.raw(key);
  for (const { text } of items) out.item(text);
  out.endList();
}

function writeIdentity(out: MessageWriter, key: MessageKey, id: Identity | undefined): void {
  if (id !== undefined) out.text(key, printIdentity(id));
}

function writeNonZero(out: MessageWriter, key: MessageKey, number: number): void {
  if (number !== 0) out.number(key, number);
}
