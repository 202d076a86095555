import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { crashToken } from '../crash-detection.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Gives the peer the token of an IKE_SA that has new SPIs by rekeying, RFC 6290 section 4.3. */
export function ikeCrashToken(): QueuedTask {
  return { names: [], run: conversation };
}

async function* conversation(sa: IkeSa): AsyncGenerator<OutboundRequest, void, Reply> {
  const payloads = crashToken(sa);
  if (payloads.length > 0) yield { exchange: ExchangeType.INFORMATIONAL, payloads };
}
