import { NotifyType } from '../proto/iana/notify-types.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { encodeMessage } from '../wire/message.ts';
import { notify } from './payloads.ts';

const IKE_MAJOR_VERSION = 2;

/** RFC 7296 section 2.5: a request of a higher major version is answered with the one we speak, anything else not. */
export function versionRefusal(message: Uint8Array): Uint8Array | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const isResponse = (view.getUint8(19) & 0x20) !== 0;
  if (isResponse || view.getUint8(17) >> 4 <= IKE_MAJOR_VERSION) return undefined;
  return encodeMessage(
    {
      spiI: view.getBigUint64(0) as IkeSpi,
      spiR: view.getBigUint64(8) as IkeSpi,
      exchange: view.getUint8(18),
      isResponse: true,
      fromInitiator: false,
      messageId: view.getUint32(20),
      payloads: [notify(NotifyType.INVALID_MAJOR_VERSION)],
    },
    undefined,
  );
}
