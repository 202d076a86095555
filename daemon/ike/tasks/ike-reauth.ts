import { ExchangeType } from '../../proto/iana/exchange-types.ts';
import { ProtocolId } from '../../proto/iana/protocol-ids.ts';
import type { IkeSa } from '../ike-sa.ts';
import type { OutboundRequest, QueuedTask, Reply } from '../task.ts';

/** Reauthentication that breaks before it makes: deletes the IKE_SA, then calls `anew`, whether or not the peer has answered. */
export function ikeReauth(anew: () => void): QueuedTask {
  return { names: ['IKE_REAUTH'], run: (sa) => conversation(sa, anew), unanswered: anew };
}

async function* conversation(
  sa: IkeSa,
  anew: () => void,
): AsyncGenerator<OutboundRequest, void, Reply> {
  const peer = sa.state.kind === 'established' ? sa.state.peer : undefined;
  sa.transition({ kind: 'deleting', peer });
  sa.log.log('ike', 1, `sending DELETE for IKE_SA ${sa.label}`);
  yield {
    exchange: ExchangeType.INFORMATIONAL,
    payloads: [{ kind: 'Delete', protocol: ProtocolId.IKE, spiSize: 0, spis: [] }],
  };
  await sa.destroy('it is reauthenticated');
  anew();
}
