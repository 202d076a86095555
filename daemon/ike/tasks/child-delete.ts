import { type ChildSpi, childSpiBytes } from '../../proto/child-spi.ts';
import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { hex32 } from '../../util/hex.ts';
import type { ChildSa } from '../child-sa.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Closes one CHILD_SA with a DELETE exchange, RFC 7296 section 1.4.1, unless it is gone by then. */
export function childDelete(child: ChildSa): QueuedTask {
  return { names: ['CHILD_DELETE'], run: (sa) => conversation(sa, child) };
}

/** Takes back a CHILD_SA that the peer has set up and we could not: `protocol` is the IKE protocol id, the SPI ours. */
export function childDisown(protocol: number, spi: ChildSpi): QueuedTask {
  return { names: ['CHILD_DELETE'], run: (sa) => disowning(sa, protocol, spi) };
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
  child: ChildSa,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const { spiIn, protocol } = child.terms;
  if (sa.children.get(child.terms.uniqueId) !== child) return;
  const name = protocol === 51 ? 'AH' : 'ESP';
  child.markDeleting();
  sa.log.log('ike', 1, `sending DELETE for ${name} CHILD_SA with SPI ${hex32(spiIn)}`);
  yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [
      {
        kind: 'Delete',
        protocol: protocol === 51 ? ProtocolId.AH : ProtocolId.ESP,
        spiSize: 4,
        spis: [childSpiBytes(spiIn)],
      },
    ],
  };
  await child.remove();
  sa.log.log('chd', 0, `CHILD_SA ${child.label} closed`);
}
