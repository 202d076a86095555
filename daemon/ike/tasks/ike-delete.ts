import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import { handOver } from '../heirs.ts';
import type { IkeSa } from '../ike-sa.ts';
import { leaveLostAddress } from '../own-address.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Closes an IKE_SA, RFC 7296 section 1.4.1: a DELETE for it takes its CHILD_SAs along. */
export function ikeDelete(): QueuedTask {
  return { names: ['IKE_DELETE'], run: closeIkeSa, saved: () => ({ kind: 'ike-delete' }) };
}

/** The exchange itself; afterwards the IKE_SA is gone. */
export async function* closeIkeSa(sa: IkeSa): AsyncGenerator<OutboundRequest, void, Reply> {
  const peer = sa.state.kind === 'established' ? sa.state.peer : undefined;
  sa.log.log(
    'ike',
    0,
    `deleting IKE_SA ${sa.label} between ${sa.local.address}[${sa.printedId('local')}]...` +
      `${sa.remote.address}[${sa.printedId('remote')}]`,
  );
  await handOver(sa);
  sa.transition({ kind: 'deleting', peer });
  await leaveLostAddress(sa);
  sa.log.log('ike', 1, `sending DELETE for IKE_SA ${sa.label}`);
  yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [{ kind: 'Delete', protocol: ProtocolId.IKE, spiSize: 0, spis: [] }],
  };
  await sa.destroy('terminated');
  sa.log.log('ike', 0, 'IKE_SA deleted');
}
