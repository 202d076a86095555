import { natDetectionHash } from '../crypto/natd.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { equalBytes } from '../util/bytes.ts';
import type { IkeSa } from './ike-sa.ts';
import type { Path } from './mobike.ts';
import { findNotifies, findNotify, notify } from './payloads.ts';

const HASH_OCTETS = 20;

/** What is known of NATs between the two ends of an IKE_SA. */
export interface NatStatus {
  /** The peer takes part in NAT detection. */
  known: boolean;
  /** One is in front of us. */
  local: boolean;
  /** One is in front of the peer. */
  remote: boolean;
  /** We pretend that one is in front of us. */
  fake: boolean;
  /** The peer's hash of the address and port that it sees us under, kept while there is a NAT in front of us. */
  seenAs: Uint8Array | undefined;
}

/** What is known before NAT detection was done. */
export function natUnknown(): NatStatus {
  return { known: false, local: false, remote: false, fake: false, seenAs: undefined };
}

/**
 * NAT_DETECTION_SOURCE_IP and NAT_DETECTION_DESTINATION_IP of a message of ours, RFC 7296 section 2.23; with `encap` they
 * pretend that a NAT is in front of us. `path` is that of the message.
 */
export function natDetectionPayloads(
  sa: IkeSa,
  spiI: IkeSpi,
  spiR: IkeSpi,
  encap: boolean,
  path: Path = sa,
): readonly Payload[] {
  const { crypto, random } = sa.env;
  if (encap && !sa.nat.fake) {
    sa.log.log('ike', 1, 'faking NAT situation to enforce UDP encapsulation');
    sa.nat.fake = true;
  }
  // A hash that fits no address makes both sides see a NAT in front of us.
  const source = sa.nat.fake
    ? random.bytes(HASH_OCTETS)
    : natDetectionHash(crypto, spiI, spiR, path.local);
  return [
    notify(NotifyType.NAT_DETECTION_SOURCE_IP, source),
    notify(
      NotifyType.NAT_DETECTION_DESTINATION_IP,
      natDetectionHash(crypto, spiI, spiR, path.remote),
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
  const before = { local: sa.nat.local, remote: sa.nat.remote };
  sa.nat.known = true;
  sa.nat.remote = !sources.some((source) => equalBytes(source.data, remote));
  sa.nat.local = !destinations.some((destination) => equalBytes(destination.data, local));
  sa.nat.seenAs = sa.nat.local ? destinations[0]?.data : undefined;
  if (sa.nat.local && !before.local) {
    sa.log.log('ike', 1, 'local host is behind NAT, sending keep alives');
  }
  if (sa.nat.remote && !before.remote) sa.log.log('ike', 1, 'remote host is behind NAT');
}

/**
 * Whether the peer sees us under another address or port than it did before: the mapping of the NAT changed. It is remembered
 * for the next time. The first answer after IKE_SA_INIT, which was about port 500, and the first one after a rekeying of the
 * IKE_SA, whose SPIs are part of the hash, tell of a change that may be none: the update it causes does no harm.
 */
export function mappingChanged(sa: IkeSa, message: Message): boolean {
  const now = findNotify(message, NotifyType.NAT_DETECTION_DESTINATION_IP)?.data;
  const before = sa.nat.seenAs;
  sa.nat.seenAs = now;
  return now !== undefined && before !== undefined && !equalBytes(now, before);
}

/** A NAT is in the way, or both sides pretend so: ESP goes through UDP. */
export function needsEncapsulation(sa: IkeSa): boolean {
  return sa.nat.local || sa.nat.remote || sa.nat.fake;
}
