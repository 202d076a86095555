import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** An empty INFORMATIONAL: any answer proves that the peer lives, silence is found by retransmission. */
export function ikeDpd(): QueuedTask {
  return { names: ['IKE_DPD'], run: conversation };
}

async function* conversation(): AsyncGenerator<OutboundRequest, void, Reply> {
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [] };
}
