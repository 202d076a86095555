import { natDetectionHash } from '../crypto/natd.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { equalBytes } from '../util/bytes.ts';
import type { IkeSa } from './ike-sa.ts';
import { findNotifies, notify } from './payloads.ts';

const HASH_OCTETS = 20;

/**
 * NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP of a message of ours, RFC 7296 section 2.23; with `encap` they
 * pretend that a NAT is in front of us.
 */
export function natDetectionPayloads(
  sa: IkeSa,
  spiI: IkeSpi,
  spiR: IkeSpi,
  encap: boolean,
): readonly Payload[] {
  const { crypto, random } = sa.env;
  if (encap && !sa.nat.fake) {
    sa.log.log('ike', 1, 'faking NAT situation to enforce UDP encapsulation');
    sa.nat.fake = true;
  }
  // A hash that fits no address makes both sides see a NAT in front of us.
  const source = sa.nat.fake
    ? random.bytes(HASH_OCTETS)
    : natDetectionHash(crypto, spiI, spiR, sa.local);
  return [
    notify(NotifyType.NAT_DETECTION_SOURCE_IP, source),
    notify(
      NotifyType.NAT_DETECTION_DESTINATION_IP,
      natDetectionHash(crypto, spiI, spiR, sa.remote),
    ),
  ];
}

/** Compares the peer's hashes with the addresses we see; without hashes nothing is known and nothing changes. */
export function detectNat(sa: IkeSa, message: Message): void {
  const { crypto } = sa.env;
  const sources = findNotifies(message, NotifyType.NAT_DETECTION_SOURCE_IP);
  const destinations = findNotifies(message, NotifyType.NAT_DETECTION_DESTINATION_IP);
  if (sources.length === 0 || destinations.length === 0) return;
  const { spiI, spiR } = message;
  const remote = natDetectionHash(crypto, spiI, spiR, sa.remote);
  const local = natDetectionHash(crypto, spiI, spiR, sa.local);
  sa.nat.remote = !sources.some((source) => equalBytes(source.data, remote));
  sa.nat.local = !destinations.some((destination) => equalBytes(destination.data, local));
  if (sa.nat.local) sa.log.log('ike', 1, 'local host is behind NAT, sending keep alives');
  if (sa.nat.remote) sa.log.log('ike', 1, 'remote host is behind NAT');
}

/** A NAT is in the way, or both sides pretend so: ESP goes through UDP. */
export function needsEncapsulation(sa: IkeSa): boolean {
  return sa.nat.local || sa.nat.remote || sa.nat.fake;
}
