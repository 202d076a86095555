import type { MessageProtection } from '../contracts/crypto.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import type { NotifyPayload } from '../proto/payload.ts';
import { DecodeError } from '../wire/decode-error.ts';
import type { IkeHeader } from '../wire/header.ts';
import { parseMessage } from '../wire/message.ts';
import { findNotify, notify } from './payloads.ts';

/** Nonce, next request id of the sender, next request id that it expects: RFC 6311 section 8.1. */
export interface MessageIdSync {
  readonly nonce: Uint8Array;
  readonly send: number;
  readonly receive: number;
}

const DATA_OCTETS = 12;
/** Ids that leave no room for an IKE_SA to live on make no sense. */
const HIGHEST_ID = 0xffff_0000;

/** Announces RFC 6311. We are no cluster, but our peer may be one, whose other member takes over with guessed counters. */
export function syncSupport(): NotifyPayload {
  return notify(NotifyType.IKEV2_MESSAGE_ID_SYNC_SUPPORTED);
}

/** Whether a message may be a request to synchronise: those come with message id 0, whatever the counters say. */
export function maySync({ messageId, isResponse, exchange }: IkeHeader): boolean {
  return messageId === 0 && !isResponse && exchange === ExchangeType.INFORMATIONAL;
}

/** What a request to synchronise says; `undefined` for any other message, and for one that is not authentic. */
export function readSync(
  header: IkeHeader,
  datagram: Uint8Array,
  protection: MessageProtection,
): MessageIdSync | undefined {
  try {
    const message = parseMessage(datagram.slice(), header, protection);
    const found = findNotify(message, NotifyType.IKEV2_MESSAGE_ID_SYNC);
    return found === undefined ? undefined : decode(found.data);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return undefined;
  }
}

function decode(data: Uint8Array): MessageIdSync | undefined {
  if (data.length !== DATA_OCTETS) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, DATA_OCTETS);
  const [send, receive] = [view.getUint32(4), view.getUint32(8)];
  if (send > HIGHEST_ID || receive > HIGHEST_ID) return undefined;
  return { nonce: data.slice(0, 4), send, receive };
}

/** The notify that asks for it, or answers. */
export function encodeSync({ nonce, send, receive }: MessageIdSync): NotifyPayload {
  const data = new Uint8Array(DATA_OCTETS);
  data.set(nonce);
  const view = new DataView(data.buffer);
  view.setUint32(4, send);
  view.setUint32(8, receive);
  return notify(NotifyType.IKEV2_MESSAGE_ID_SYNC, data);
}
