import { flag, list, optional, type Tree, type TreeEntry, value } from '../../config/tree.ts';
import type { AlgorithmsView, IkeSaView } from '../../control/views.ts';
import { familyOf, type IpAddress, isUnspecified } from '../../proto/ip-address.ts';
import { hex32 } from '../../util/hex.ts';

/** The keys of an IKE_SA in the order of the protocol, its CHILD_SAs left out. */
export function ikeSaFields(ike: IkeSaView): Tree {
  const established = ike.state === 'ESTABLISHED';
  return [
    value('uniqueid', ike.uniqueId),
    value('version', 2),
    value('state', ike.state),
    value('local-host', printHost(ike.localHost)),
    value('local-port', ike.localPort),
    value('local-id', ike.localId),
    value('remote-host', printHost(ike.remoteHost)),
    value('remote-port', ike.remotePort),
    value('remote-id', ike.remoteId),
    ...optional('remote-eap-id', ike.remoteEapId),
    ...flag('initiator', ike.initiator),
    value('initiator-spi', ike.initiatorSpi),
    value('responder-spi', ike.responderSpi),
    ...flag('nat-local', ike.natLocal),
    ...flag('nat-remote', ike.natRemote),
    ...flag('nat-fake', ike.natFake),
    ...flag('nat-any', ike.natLocal || ike.natRemote || ike.natFake),
    ...nonZeroHex('if-id-in', ike.ifIdIn),
    ...nonZeroHex('if-id-out', ike.ifIdOut),
    ...algorithmFields(ike.algorithms),
    ...flag('ppk', ike.ppk === true),
    ...(established ? optional('established', ike.established) : []),
    ...(established ? optional('rekey-time', ike.rekeyTime) : []),
    ...(established ? optional('reauth-time', ike.reauthTime) : []),
    ...nonEmpty('local-vips', ike.localVips),
    ...nonEmpty('remote-vips', ike.remoteVips),
    ...nonEmpty('tasks-queued', ike.tasksQueued),
    ...nonEmpty('tasks-active', ike.tasksActive),
    ...nonEmpty('tasks-passive', ike.tasksPassive),
  ];
}

/** The selected transforms; nothing before a proposal is selected. */
export function algorithmFields(view: AlgorithmsView | undefined): Tree {
  if (view === undefined) return [];
  return [
    ...optional('encr-alg', view.encrAlg),
    ...optional('encr-keysize', view.encrKeysize),
    ...optional('integ-alg', view.integAlg),
    ...optional('integ-keysize', view.integKeysize),
    ...optional('prf-alg', view.prfAlg),
    ...optional('dh-group', view.dhGroup),
    ...(view.additionalKe ?? []).map(({ number, name }) => value(`ake${number}`, name)),
  ];
}

/** Eight hexadecimal digits, or nothing for zero. */
export function nonZeroHex(name: string, number: number): Tree {
  return number === 0 ? [] : [value(name, hex32(number))];
}

/** An address without port; `%any` or `%any6` if unspecified. */
export function printHost(address: IpAddress): string {
  if (!isUnspecified(address)) return address;
  return familyOf(address) === 4 ? '%any' : '%any6';
}

function nonEmpty(name: string, items: readonly string[]): readonly TreeEntry[] {
  return items.length === 0 ? [] : [list(name, items)];
}
