import type { ConnectionConfig } from '../config/connection-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import type { IkeSa } from './ike-sa.ts';
import { Mobike } from './mobike.ts';
import { addressPayloads, noNatsAllowed, readAddresses } from './mobike-payloads.ts';
import { additionalAddresses } from './paths.ts';
import { findNotify, notify } from './payloads.ts';

/** MOBIKE's share of our IKE_AUTH request, RFC 4555 sections 3.3 and 3.4: support for it, and our other addresses. */
export function offerMobike(sa: IkeSa, connection: ConnectionConfig): readonly Payload[] {
  if (!connection.mobike) return [];
  return [
    notify(NotifyType.MOBIKE_SUPPORTED),
    ...addressPayloads(additionalAddresses(sa)),
    ...(sa.nat.known ? [] : [noNatsAllowed(sa)]),
  ];
}

/** The peer's IKE_AUTH message is here: MOBIKE is used from now on if both sides announce it. */
export function agreeOnMobike(
  sa: IkeSa,
  connection: ConnectionConfig,
  message: Message,
  leads: boolean,
): void {
  const theirs = findNotify(message, NotifyType.MOBIKE_SUPPORTED) !== undefined;
  if (!theirs || !connection.mobike) return;
  const agreed = { local: sa.local, remote: sa.remote };
  sa.mobike = new Mobike(leads, agreed, additionalAddresses(sa));
  sa.mobike.peerAddresses = readAddresses(message) ?? [];
  sa.log.log('ike', 1, 'peer supports MOBIKE');
}

/** MOBIKE's share of our answer, after {@link agreeOnMobike}. */
export function acceptMobike({ mobike }: IkeSa): readonly Payload[] {
  if (mobike === undefined) return [];
  return [notify(NotifyType.MOBIKE_SUPPORTED), ...addressPayloads(mobike.announced)];
}
