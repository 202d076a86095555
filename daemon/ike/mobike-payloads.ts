import { isRoutable } from '../proto/address-scope.ts';
import type { Endpoint } from '../proto/endpoint.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { familyOf, type IpAddress, ipBytes, ipFromBytes } from '../proto/ip-address.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { equalBytes } from '../util/bytes.ts';

import { MAX_ADDITIONAL_ADDRESSES, type Path } from './mobike.ts';
import { findNotify, notify } from './payloads.ts';

/** ADDITIONAL_IP4_ADDRESS and ADDITIONAL_IP6_ADDRESS, RFC 4555 sections 4.2.1 and 4.2.2. */
export function addressPayloads(addresses: readonly IpAddress[]): readonly Payload[] {
  return addresses.map((address) =>
    notify(
      familyOf(address) === 4
        ? NotifyType.ADDITIONAL_IP4_ADDRESS
        : NotifyType.ADDITIONAL_IP6_ADDRESS,
      ipBytes(address),
    ),
  );
}

/** The same as an update, which says so if there are none: RFC 4555 section 4.2.3. */
export function addressUpdate(addresses: readonly IpAddress[]): readonly Payload[] {
  return addresses.length === 0
    ? [notify(NotifyType.NO_ADDITIONAL_ADDRESSES)]
    : addressPayloads(addresses);
}

/**
 * The list of addresses in a message, at most {@link MAX_ADDITIONAL_ADDRESSES} of those that a peer can have; `undefined`
 * if it says nothing about them.
 */
export function readAddresses(message: Message): readonly IpAddress[] | undefined {
  const found = new Set<IpAddress>();
  let told = findNotify(message, NotifyType.NO_ADDITIONAL_ADDRESSES) !== undefined;
  for (const payload of message.payloads) {
    if (payload.kind !== 'Notify' || !LISTED.has(payload.type)) continue;
    told = true;
    const address = ipFromBytes(payload.data);
    if (found.size < MAX_ADDITIONAL_ADDRESSES && isRoutable(address)) found.add(address);
  }
  return told ? [...found] : undefined;
}

const LISTED: ReadonlySet<number> = new Set([
  NotifyType.ADDITIONAL_IP4_ADDRESS,
  NotifyType.ADDITIONAL_IP6_ADDRESS,
]);

/** NO_NATS_ALLOWED: the ends as the sender sees them, RFC 4555 section 4.2.5; needed where no NAT detection is done. */
export function noNatsAllowed({ local, remote }: Path): Payload {
  return notify(NotifyType.NO_NATS_ALLOWED, endsOctets(local, remote));
}

/** Whether a message forbids NATs and its addresses were changed on the way. */
export function crossedForbiddenNat(message: Message, { local, remote }: Path): boolean {
  const ends = findNotify(message, NotifyType.NO_NATS_ALLOWED);
  return ends !== undefined && !equalBytes(ends.data, endsOctets(remote, local));
}

// Source address, destination address, source port, destination port.
function endsOctets(source: Endpoint, destination: Endpoint): Uint8Array {
  const [from, to] = [ipBytes(source.address), ipBytes(destination.address)];
  const octets = new Uint8Array(from.length + to.length + 4);
  octets.set(from);
  octets.set(to, from.length);
  const view = new DataView(octets.buffer);
  view.setUint16(octets.length - 4, source.port);
  view.setUint16(octets.length - 2, destination.port);
  return octets;
}
