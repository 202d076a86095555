import { ExchangeType } from '../../daemon/proto/iana/exchange-types.ts';
import type { IkeSpi } from '../../daemon/proto/ike-spi.ts';
import type { Message, Payload } from '../../daemon/proto/payload.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';
import { fromHex } from '../../daemon/util/hex.ts';
import { DecodeError } from '../../daemon/wire/decode-error.ts';
import { parseHeader, writeHeader } from '../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../daemon/wire/message.ts';
import { Writer } from '../../daemon/wire/writer.ts';

export const SPI_I = 0x1122334455667788n as IkeSpi;
export const SPI_R = 0x99aabbccddeeff00n as IkeSpi;

/** Octets of a hexadecimal text with spaces for legibility. */
export function hex(text: string): Uint8Array {
  const bytes = fromHex(text.replaceAll(/\s/g, ''));
  if (bytes === undefined) throw new Error(`not hexadecimal: ${text}`);
  return bytes;
}

/** A message with sensible addressing: an IKE_SA_INIT request unless told otherwise. */
export function messageWith(payloads: readonly Payload[], changes: Partial<Message> = {}): Message {
  return {
    spiI: SPI_I,
    spiR: 0n as IkeSpi,
    exchange: ExchangeType.IKE_SA_INIT,
    isResponse: false,
    fromInitiator: true,
    messageId: 0,
    payloads,
    ...changes,
  };
}

/** The same inside an established IKE_SA. */
export function protectedWith(
  payloads: readonly Payload[],
  changes: Partial<Message> = {},
): Message {
  const inside = { spiR: SPI_R, exchange: ExchangeType.INFORMATIONAL, messageId: 2 };
  return messageWith(payloads, { ...inside, ...changes });
}

/** One payload as octets: generic header with next payload 0, and body. */
export function payloadOctets(body: Uint8Array, flags = 0, next = 0): Uint8Array {
  const length = body.length + 4;
  return concatBytes(Uint8Array.of(next, flags, length >> 8, length & 0xff), body);
}

/** An IKE_SA_INIT request around an arbitrary chain. */
export function datagramWith(
  firstType: number,
  chain: Uint8Array,
  changes: Partial<Message> = {},
): Uint8Array {
  const writer = new Writer();
  writeHeader(writer, messageWith([], changes), firstType, 28 + chain.length);
  writer.bytes(chain);
  return writer.finish();
}

/** Parses a payload body on its own, as the only payload of a message in the clear. */
export function decodeBody(type: number, body: Uint8Array, flags = 0): Payload {
  const bytes = datagramWith(type, payloadOctets(body, flags));
  const [payload, ...others] = parseMessage(bytes, parseHeader(bytes), undefined).payloads;
  if (payload === undefined || others.length > 0) throw new Error('not one payload');
  return payload;
}

/** The body a payload is written as. */
export function encodeBody(payload: Payload): Uint8Array {
  return encodeMessage(messageWith([payload]), undefined).slice(32);
}

/** The DecodeError that an action ends in; anything else fails the test. */
export function refusalOf(action: () => unknown): DecodeError {
  try {
    action();
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
