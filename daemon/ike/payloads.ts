import type { Logger } from '../contracts/logger.ts';
import { isErrorNotify } from '../proto/iana/notify-types.ts';
import { ProtocolId } from '../proto/iana/protocol-ids.ts';
import type { Message, NotifyPayload, Payload, PayloadKind } from '../proto/payload.ts';
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

/** Vendor ids are for people: they are told, and nothing depends on them (RFC 7296 section 3.12). */
export function logVendorIds(log: Logger, message: Message): void {
  for (const payload of message.payloads) {
    if (payload.kind === 'Vendor') {
      log.log('enc', 1, `received unknown vendor ID: ${toHex(payload.data.subarray(0, 64))}`);
    }
  }
}
