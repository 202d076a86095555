import { ExchangeType } from '../proto/iana/exchange-types.ts';
import type { IkeSa } from './ike-sa.ts';

/** Sends a DELETE that nobody waits for, if the peer may know the IKE_SA. */
export function sayGoodbye({ state: { kind }, isInitiator, engine }: IkeSa): void {
  // After the first exchange the peer may have established it already.
  const known = kind === 'established' || kind === 'deleting' || (isInitiator && engine.sentAny);
  if (!known || engine.outbound === undefined) return;
  engine.fireAndForget({
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [{ kind: 'Delete', protocol: 1, spiSize: 0, spis: [] }],
  });
}
