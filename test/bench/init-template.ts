import { parseProposals } from '../../daemon/config/proposals-text.ts';
import { createCrypto } from '../../daemon/crypto/registry.ts';
import { ExchangeType } from '../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../daemon/proto/iana/notify-types.ts';
import { KeMethod } from '../../daemon/proto/iana/transforms.ts';
import { type IkeSpi, NO_SPI } from '../../daemon/proto/ike-spi.ts';
import type { Payload } from '../../daemon/proto/payload.ts';
import { encodeMessage } from '../../daemon/wire/message.ts';
import { nodeCryptoProvider } from '../../plugins/crypto-node/provider.ts';

const EMPTY = new Uint8Array(0);

/** An IKE_SA_INIT request as our initiator sends it, with a valid X25519 value; NAT detection finds a NAT. */
export function initRequest(ike: string): Uint8Array {
  const crypto = createCrypto([nodeCryptoProvider()]);
  const exchange = crypto.keyExchange(KeMethod.CURVE_25519)?.initiate();
  if (exchange === undefined) throw new Error('no X25519');
  const proposals = parseProposals('ike', [ike], crypto);
  const notify = (type: number, data: Uint8Array): Payload => ({
    kind: 'Notify',
    protocol: 0,
    spi: EMPTY,
    type,
    data,
  });
  return encodeMessage(
    {
      spiI: 1n as IkeSpi,
      spiR: NO_SPI,
      exchange: ExchangeType.IKE_SA_INIT,
      isResponse: false,
      fromInitiator: true,
      messageId: 0,
      payloads: [
        { kind: 'SA', proposals: proposals.map((each) => ({ ...each, number: 1, spi: EMPTY })) },
        { kind: 'KE', method: KeMethod.CURVE_25519, data: exchange.publicValue },
        { kind: 'Nonce', data: new Uint8Array(32).fill(0xa5) },
        notify(NotifyType.NAT_DETECTION_SOURCE_IP, new Uint8Array(20)),
        notify(NotifyType.NAT_DETECTION_DESTINATION_IP, new Uint8Array(20)),
        notify(NotifyType.IKEV2_FRAGMENTATION_SUPPORTED, EMPTY),
      ],
    },
    undefined,
  );
}
