import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import type { NotifyPayload } from '../../proto/payload.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Sends the peer to another gateway, RFC 5685 section 5; it closes the IKE_SA itself when it is connected there. */
export function ikeRedirect(redirect: NotifyPayload): QueuedTask {
  return { names: ['IKE_REDIRECT'], run: () => conversation(redirect) };
}

async function* conversation(
  redirect: NotifyPayload,
): AsyncGenerator<OutboundRequest, void, Reply> {
  yield { exchange: ExchangeType.INFORMATIONAL, payloads: [redirect] };
}
