import { type ChildSpi, childSpiBytes } from '../../proto/child-spi.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import type { Payload } from '../../proto/payload.ts';
import { hex32 } from '../../util/hex.ts';
import type { ChildSa } from '../child-sa.ts';
import { completePeerRekey } from '../child-takeover.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Closes one CHILD_SA, or what replaced it meanwhile, with a DELETE exchange (RFC 7296 section 1.4.1). */
export function childDelete(child: ChildSa): QueuedTask {
  const goal = { child };
  return {
    names: ['CHILD_DELETE'],
    run: (sa) => conversation(sa, goal),
    saved: () => ({ kind: 'child-delete', child: goal.child.terms.uniqueId }),
  };
}

/** Takes back a CHILD_SA that the peer has set up and we could not: `protocol` is the IKE protocol id, the SPI ours. */
export function childDisown(protocol: number, spi: ChildSpi): QueuedTask {
  return {
    names: ['CHILD_DELETE'],
    run: (sa) => disowning(sa, protocol, spi),
    saved: () => ({ kind: 'child-disown', protocol, spi }),
  };
}

/** The Delete payload that names a CHILD_SA by our SPI. */
export function deletePayload(child: ChildSa): Payload {
  return {
    kind: 'Delete',
    protocol: child.terms.protocol === 51 ? ProtocolId.AH : ProtocolId.ESP,
    spiSize: 4,
    spis: [childSpiBytes(child.terms.spiIn)],
  };
}

/** Says that a DELETE for it goes out. */
export function logDelete(sa: IkeSa, child: ChildSa): void {
  const name = child.terms.protocol === 51 ? 'AH' : 'ESP';
  const spi = hex32(child.terms.spiIn);
  sa.log.log('ike', 1, `sending DELETE for ${name} CHILD_SA with SPI ${spi}`);
}

async function* disowning(
  sa: IkeSa,
  protocol: number,
  spi: ChildSpi,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const name = protocol === ProtocolId.AH ? 'AH' : 'ESP';
  sa.log.log('ike', 1, `sending DELETE for ${name} CHILD_SA with SPI ${hex32(spi)}`);
  yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [{ kind: 'Delete', protocol, spiSize: 4, spis: [childSpiBytes(spi)] }],
  };
}

async function* conversation(
  sa: IkeSa,
  goal: { child: ChildSa },
): AsyncGenerator<OutboundRequest, void, Reply> {
  let { child } = goal;
  while (child.successor !== undefined) child = child.successor;
  // What the peer has replaced it deletes itself; the one that goes is the replacement.
  if (child.state === 'REKEYED') child = child.peerRekey?.replacement ?? child;
  if (sa.children.get(child.terms.uniqueId) !== child || !child.live) return;
  const old = child.predecessor;
  if (old?.peerRekey?.replacement === child) await completePeerRekey(old);
  goal.child = child;
  child.state = 'DELETING';
  logDelete(sa, child);
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [deletePayload(child)] };
  await child.remove();
  sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
}
