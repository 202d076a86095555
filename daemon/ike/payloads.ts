import type { DaemonOptions } from '../config/options.ts';
import type { Logger } from '../contracts/logger.ts';
import { isErrorNotify } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, NotifyPayload, Payload, PayloadKind } from '../proto/payload.ts';
import { equalBytes, utf8 } from '../util/bytes.ts';
import { toHex } from '../util/hex.ts';

const EMPTY = new Uint8Array(0);

/** A notify that concerns no CHILD_SA. */
export function notify(type: number, data: Uint8Array = EMPTY): NotifyPayload {
  return { kind: 'Notify', protocol: ProtocolId.NONE, spi: EMPTY, type, data };
}

/** The payload type that carries this kind, also where one type stands for two kinds (IDi and IDr). */
type PayloadOf<K extends PayloadKind> = Payload extends infer P
  ? P extends { readonly kind: infer Kinds }
    ? K extends Kinds
      ? P
      : never
    : never
  : never;

/** The first payload of a kind. */
export function find<K extends PayloadKind>(message: Message, kind: K): PayloadOf<K> | undefined {
  for (const payload of message.payloads) {
    if (payload.kind === kind) return payload as PayloadOf<K>;
  }
  return undefined;
}

/** The first notify of a type. */
export function findNotify(message: Message, type: number): NotifyPayload | undefined {
  for (const payload of message.payloads) {
    if (payload.kind === 'Notify' && payload.type === type) return payload;
  }
  return undefined;
}

/** Every notify of a type: NAT detection may carry several source hashes. */
export function findNotifies(message: Message, type: number): readonly NotifyPayload[] {
  return message.payloads.filter(
    (payload): payload is NotifyPayload => payload.kind === 'Notify' && payload.type === type,
  );
}

/** The first notify that reports an error, RFC 7296 section 3.10.1. */
export function findError(message: Message): NotifyPayload | undefined {
  for (const payload of message.payloads) {
    if (payload.kind === 'Notify' && isErrorNotify(payload.type)) return payload;
  }
  return undefined;
}

/**
 * Vendor IDs are for people: they are told, and nothing depends on them (RFC 7296 section 3.12) but what private numbers
 * mean. True if one is strongSwan's.
 */
export function readVendorIds(log: Logger, message: Message): boolean {
  let strongSwan = false;
  for (const payload of message.payloads) {
    if (payload.kind !== 'Vendor') continue;
    const known = equalBytes(payload.data, STRONGSWAN_VENDOR_ID);
    strongSwan ||= known;
    const which = known ? 'strongSwan' : 'unknown';
    const rest = known ? '' : `: ${toHex(payload.data.subarray(0, 64))}`;
    log.log(known ? 'ike' : 'enc', 1, `received ${which} vendor ID${rest}`);
  }
  return strongSwan;
}

/** strongSwan's vendor ID, MD5 of its name: we mean the same by private numbers. */
const STRONGSWAN_VENDOR_ID = Uint8Array.of(
  ...[0x88, 0x2f, 0xe5, 0x6d, 0x6f, 0xd2, 0x0d, 0xbc],
  ...[0x22, 0x51, 0x61, 0x3b, 0x2e, 0xbe, 0x5b, 0xeb],
);

/** What makes gateways of Cisco negotiate other selectors than the virtual IP they assign. */
const FLEXVPN_VENDOR_ID = utf8('FLEXVPN-SUPPORTED');

/** The vendor ID payloads of a first message, as far as it is to have any (`send_vendor_id`, `cisco_flexvpn`). */
export function vendorIds(
  { send_vendor_id: own, cisco_flexvpn: flexVpn }: Pick<DaemonOptions, VendorOption>,
  isInitiator: boolean,
): readonly Payload[] {
  return [
    ...(own ? [STRONGSWAN_VENDOR_ID] : []),
    ...(flexVpn && isInitiator ? [FLEXVPN_VENDOR_ID] : []),
  ].map((data) => ({ kind: 'Vendor', data }));
}

type VendorOption = 'send_vendor_id' | 'cisco_flexvpn';
