import type { AlgorithmsView, IkeSaView } from '../../control/views.ts';
import { familyOf, type IpAddress, isUnspecified } from '../../proto/ip-address.ts';
import { listKeys, type MessageKey, valueKey, valueKeys } from '../message-keys.ts';
import type { MessageWriter } from '../message-writer.ts';

const K = valueKeys(
  'uniqueid',
  'version',
  'state',
  'local-host',
  'local-port',
  'local-id',
  'remote-host',
  'remote-port',
  'remote-id',
  'remote-eap-id',
  'initiator',
  'initiator-spi',
  'responder-spi',
  'nat-local',
  'nat-remote',
  'nat-fake',
  'nat-any',
  'if-id-in',
  'if-id-out',
  'ppk',
  'established',
  'rekey-time',
  'reauth-time',
);
const L = listKeys('local-vips', 'remote-vips', 'tasks-queued', 'tasks-active', 'tasks-passive');

/** Writes the keys of an IKE_SA in the order of the protocol, its CHILD_SAs left out. */
export function writeIkeSa(out: MessageWriter, ike: IkeSaView): void {
  out.number(K.uniqueid, ike.uniqueId);
  out.number(K.version, 2);
  out.text(K.state, ike.state);
  out.text(K['local-host'], printHost(ike.localHost));
  out.number(K['local-port'], ike.localPort);
  out.text(K['local-id'], ike.localId);
  out.text(K['remote-host'], printHost(ike.remoteHost));
  out.number(K['remote-port'], ike.remotePort);
  out.text(K['remote-id'], ike.remoteId);
  out.text(K['remote-eap-id'], ike.remoteEapId);
  out.flag(K.initiator, ike.initiator);
  out.text(K['initiator-spi'], ike.initiatorSpi);
  out.text(K['responder-spi'], ike.responderSpi);
  out.flag(K['nat-local'], ike.natLocal);
  out.flag(K['nat-remote'], ike.natRemote);
  out.flag(K['nat-fake'], ike.natFake);
  out.flag(K['nat-any'], ike.natLocal || ike.natRemote || ike.natFake);
  writeNonZero(out, K['if-id-in'], ike.ifIdIn);
  writeNonZero(out, K['if-id-out'], ike.ifIdOut);
  if (ike.algorithms !== undefined) writeAlgorithms(out, ike.algorithms);
  out.flag(K.ppk, ike.ppk === true);
  if (ike.state === 'ESTABLISHED') {
    out.number(K.established, ike.established);
    out.number(K['rekey-time'], ike.rekeyTime);
    out.number(K['reauth-time'], ike.reauthTime);
  }
  writeNonEmpty(out, L['local-vips'], ike.localVips);
  writeNonEmpty(out, L['remote-vips'], ike.remoteVips);
  writeNonEmpty(out, L['tasks-queued'], ike.tasksQueued);
  writeNonEmpty(out, L['tasks-active'], ike.tasksActive);
  writeNonEmpty(out, L['tasks-passive'], ike.tasksPassive);
}

const A = valueKeys(
  'encr-alg',
  'encr-keysize',
  'integ-alg',
  'integ-keysize',
  'prf-alg',
  'dh-group',
);

/** Writes the selected transforms. */
export function writeAlgorithms(out: MessageWriter, view: AlgorithmsView): void {
  out.text(A['encr-alg'], view.encrAlg);
  out.number(A['encr-keysize'], view.encrKeysize);
  out.text(A['integ-alg'], view.integAlg);
  out.number(A['integ-keysize'], view.integKeysize);
  out.text(A['prf-alg'], view.prfAlg);
  out.text(A['dh-group'], view.dhGroup);
  if (view.additionalKe === undefined) return;
  for (const { number, name } of view.additionalKe) out.text(valueKey(`ake${number}`), name);
}

/** Eight hexadecimal digits, or nothing for zero. */
export function writeNonZero(out: MessageWriter, key: MessageKey, number: number): void {
  if (number !== 0) out.hex32(key, number);
}

/** An address without port; `%any` or `%any6` if unspecified. */
export function printHost(address: IpAddress): string {
  if (!isUnspecified(address)) return address;
  return familyOf(address) === 4 ? '%any' : '%any6';
}

function writeNonEmpty(out: MessageWriter, key: MessageKey, items: readonly string[]): void {
  if (items.length > 0) out.list(key, items);
}
