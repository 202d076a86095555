import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import type { IkeSa } from '../ike-sa.ts';
import { mappingChanged, natDetectionPayloads } from '../nat-detection.ts';
import type { QueuedTask, Reply, Task } from '../task.ts';
import { ikeMobike } from './ike-mobike.ts';

/**
 * An INFORMATIONAL that asks for nothing: any answer proves that the peer lives, silence is found by retransmission. From
 * behind a NAT with MOBIKE it also finds out whether the mapping changed, RFC 4555 section 3.8.
 */
export function ikeDpd(): QueuedTask {
  return { names: ['IKE_DPD'], run: conversation, saved: () => ({ kind: 'ike-dpd' }) };
}

async function* conversation(sa: IkeSa): Task {
  const { mobike } = sa;
  const asks = mobike?.leads === true && sa.nat.local && sa.nat.known;
  const payloads = asks ? natDetectionPayloads(sa, sa.spiI, sa.spiR, false) : [];
  const { message }: Reply = yield { exchange: ExchangeType.INFORMATIONAL, payloads };
  if (!asks || !mappingChanged(sa, message)) return;
  sa.log.log('ike', 1, 'detected changes in NAT mappings, initiating MOBIKE update');
  mobike.updatePending = true;
  mobike.generation++;
  sa.tasks.queueFirst(ikeMobike());
}
