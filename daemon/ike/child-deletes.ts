import { type ChildSpi, childSpiBytes, childSpiFrom } from '../proto/child-spi.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Payload } from '../proto/payload.ts';
import { hex32 } from '../util/hex.ts';
import { settled, type Waits } from '../util/waits.ts';
import type { ChildSa } from './child-sa.ts';
import { completePeerRekey } from './child-takeover.ts';
import { beforeClosing, type LostChild } from './closed-children.ts';
import type { IkeSa } from './ike-sa.ts';

/** CHILD_SAs nobody knows that one message has lines of their own for: a DELETE may name thousands. */
const UNKNOWN_LINES = 4;

type DeletePayload = Extract<Payload, { kind: 'Delete' }>;

/** What the peer's Delete payloads did. */
export interface DeletedChildren {
  /** Delete payloads of the answer: our SPIs of what we deleted because of the request. */
  readonly answers: readonly Payload[];
  /** CHILD_SAs that went down, those that were only replaced left out. */
  readonly lost: readonly LostChild[];
}

/**
 * Closes the CHILD_SAs whose outbound SPI the peer names (RFC 7296 section 1.4.1), each according to what else is going on
 * with it (section 2.25.1).
 */
export function* deleteChildren(
  sa: IkeSa,
  deletes: readonly DeletePayload[],
): Waits<DeletedChildren> {
  const closed = new Map<number, Uint8Array[]>();
  const lost: LostChild[] = [];
  let unknown = 0;
  for (const payload of deletes) {
    for (const octets of payload.spis) {
      const spi = childSpiFrom(octets);
      const child = childByPeerSpi(sa, payload.protocol, spi);
      const name = `CHILD_SA with SPI ${hex32(spi ?? 0)}`;
      const protocol = payload.protocol === ProtocolId.AH ? 'AH' : 'ESP';
      if (child === undefined) {
        if (unknown++ < UNKNOWN_LINES) {
          sa.log.log('ike', 1, `received DELETE for unknown ${protocol} ${name}`);
        }
        if (sa.tasks.creating && spi !== undefined) sa.earlyDeletes.remember(payload.protocol, spi);
        continue;
      }
      sa.log.log('ike', 1, `received DELETE for ${protocol} ${name}`);
      // While our own DELETE for it is under way the peer learns of it from that one, RFC 7296 section 1.4.1.
      if (child.state === 'DELETING') continue;
      const loses = child.up && child.successor === undefined && !child.deletedByPeer;
      if (loses) lost.push(yield* settled(beforeClosing(child)));
      yield* deleteOne(child);
      const own = childSpiBytes(child.terms.spiIn);
      const list = closed.get(payload.protocol);
      if (list === undefined) closed.set(payload.protocol, [own]);
      else list.push(own);
    }
  }
  if (unknown > UNKNOWN_LINES) {
    const further = unknown - UNKNOWN_LINES;
    sa.log.log('ike', 1, `received DELETE for ${further} further unknown CHILD_SAs`);
  }
  const answers: readonly Payload[] = [...closed].map(([protocol, spis]) => ({
    kind: 'Delete',
    protocol,
    spiSize: 4,
    spis,
  }));
  return { answers, lost };
}

function* deleteOne(child: ChildSa): Waits<void> {
  if (child.state === 'REKEYED' && (child.peerRekey ?? child.successor) !== undefined) {
    // The peer replaced it and is done: what it made takes over, if it has not yet.
    yield* settled(completePeerRekey(child));
    child.retire();
    return;
  }
  const old = child.predecessor;
  const replacement = old?.peerRekey?.replacement === child;
  if (child.rekeyOpen || old?.rekeyOpen) {
    // The answer to our own rekeying may still depend on it, so it stays until that is there.
    child.state = 'DELETING';
    child.deletedByPeer = true;
    if (old !== undefined && replacement) {
      old.state = 'REKEYING';
      yield* settled(child.removeOutbound());
    }
    return;
  }
  // The peer takes its replacement back: the old one serves on.
  if (old !== undefined && replacement) old.state = 'INSTALLED';
  const { up, sa } = child;
  yield* settled(child.remove());
  if (up) sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
}

/** The CHILD_SA that sends with this SPI; one that was replaced and only lingers is gone for the peer. */
export function childByPeerSpi(
  sa: IkeSa,
  protocol: number,
  spi: ChildSpi | undefined,
): ChildSa | undefined {
  const ip = protocol === ProtocolId.AH ? 51 : 50;
  for (const child of sa.children.values()) {
    const { terms, state } = child;
    if (terms.spiOut === spi && terms.protocol === ip && state !== 'DELETED') return child;
  }
  return undefined;
}
