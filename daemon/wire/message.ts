import type { MessageProtection } from '../contracts/crypto.ts';
import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import type { Message, Payload } from '../proto/payload.ts';
import { InternalError } from '../util/error.ts';
import {
  type EncodedChain,
  encodeChain,
  type Link,
  PAYLOAD_HEADER_OCTETS,
  readChain,
  readPayloads,
  refuseCritical,
} from './chain.ts';
import { coveredOctets } from './covered-octets.ts';
import { DecodeError } from './decode-error.ts';
import { IKE_HEADER_OCTETS, type IkeHeader, writeHeader } from './header.ts';
import { contentThatFits, openBody, sealBody, sealedOctets } from './payloads/sk.ts';
import { FRAGMENT_FIELDS_OCTETS, fragmentFields, MAX_FRAGMENTS } from './payloads/skf.ts';
import { Writer } from './writer.ts';

/**
 * The message in a datagram whose header was parsed already. With `protection` it must be a whole encrypted
 * message: integrity is checked before anything inside is looked at, and payloads outside of SK are dropped.
 * Without, it must be in the clear, and outside of IKE_SA_INIT and IKE_SESSION_RESUME it may hold nothing but
 * notifies (RFC 7296 section 1.5). `covered` is called with what IntAuth covers of an encrypted one. All octets of the
 * result are copies. Throws {@link DecodeError}.
 */
export function parseMessage(
  bytes: Uint8Array,
  header: IkeHeader,
  protection: MessageProtection | undefined,
  covered?: (octets: Uint8Array) => void,
): Message {
  const links = readChain(bytes, header.nextPayload, IKE_HEADER_OCTETS);
  const last = links.at(-1);
  const isEncrypted = last?.type === PayloadType.SK;
  if (protection === undefined) {
    if (isEncrypted) throw refuse(last.start, 'encrypted, but there are no keys');
    return messageOf(header, clearPayloads(bytes, header, links));
  }
  if (!isEncrypted) throw refuse(IKE_HEADER_OCTETS, 'not encrypted');
  const aad = bytes.subarray(0, last.bodyStart);
  const content = openBody(protection, aad, bytes.subarray(last.bodyStart, last.end), 'SK');
  DecodeError.whileAuthenticated(() => refuseCritical(links));
  covered?.(coveredOctets(aad, content));
  return messageOf(header, parseContent(content, last.next));
}

/** The payloads of decrypted content. Throws an authenticated {@link DecodeError}. */
export function parseContent(content: Uint8Array, firstType: number): Payload[] {
  return DecodeError.whileAuthenticated(() =>
    readPayloads(content, readChain(content, firstType, 0)),
  );
}

/** A message with the addressing of a header. */
export function messageOf(header: IkeHeader, payloads: readonly Payload[]): Message {
  const { spiI, spiR, exchange, isResponse, fromInitiator, messageId } = header;
  return { spiI, spiR, exchange, isResponse, fromInitiator, messageId, payloads };
}

/** Whether messages of this exchange are sent in the clear; all others only inside SK. */
export function isClearExchange(exchange: number): boolean {
  return exchange === ExchangeType.IKE_SA_INIT || exchange === ExchangeType.IKE_SESSION_RESUME;
}

function clearPayloads(bytes: Uint8Array, header: IkeHeader, links: readonly Link[]): Payload[] {
  const payloads = readPayloads(bytes, links);
  if (!isClearExchange(header.exchange)) {
    const stray = payloads.findIndex((payload) => payload.kind !== 'Notify');
    if (stray >= 0 || payloads.length === 0) {
      throw refuse(links[stray]?.start ?? IKE_HEADER_OCTETS, 'not encrypted');
    }
  }
  return payloads;
}

function refuse(offset: number, reason: string): DecodeError {
  return new DecodeError({ payload: 'message', offset, reason });
}

/** The octets of a message: in the clear, or inside one SK payload with the least padding. */
export function encodeMessage(
  message: Message,
  protection: MessageProtection | undefined,
): Uint8Array {
  const chain = encodeChain(message.payloads);
  if (protection === undefined) return encodeClear(message, chain);
  return encodeEncrypted(message, chain, protection);
}

/**
 * The octets of an encrypted message as datagrams of at most `maxIkeOctets` each, IKE header included: one
 * with SK if it fits, otherwise one SKF fragment each (RFC 7383). Throws {@link InternalError} if it takes
 * more than 255 of them.
 */
export function encodeFragmented(
  message: Message,
  protection: MessageProtection,
  maxIkeOctets: number,
): Uint8Array[] {
  const chain = encodeChain(message.payloads);
  const whole = SK_OVERHEAD_OCTETS + sealedOctets(protection, chain.bytes.length);
  if (whole <= maxIkeOctets) return [encodeEncrypted(message, chain, protection)];
  const room = contentThatFits(
    protection,
    maxIkeOctets - SK_OVERHEAD_OCTETS - FRAGMENT_FIELDS_OCTETS,
  );
  const total = room > 0 ? Math.ceil(chain.bytes.length / room) : Number.POSITIVE_INFINITY;
  if (total > MAX_FRAGMENTS) {
    const length = chain.bytes.length;
    throw new InternalError(`${length} octets do not fit ${MAX_FRAGMENTS} fragments of ${room}`);
  }
  const datagrams: Uint8Array[] = [];
  for (let number = 1; number <= total; number++) {
    const content = chain.bytes.subarray((number - 1) * room, number * room);
    // RFC 7383 section 2.5: only the first fragment names the type of the first payload.
    const next = number === 1 ? chain.firstType : PayloadType.NONE;
    datagrams.push(encodeFragment(message, protection, { number, total, next, content }));
  }
  return datagrams;
}

const SK_OVERHEAD_OCTETS = IKE_HEADER_OCTETS + PAYLOAD_HEADER_OCTETS;

function encodeClear(message: Message, chain: EncodedChain): Uint8Array {
  const length = IKE_HEADER_OCTETS + chain.bytes.length;
  const writer = new Writer(length);
  writeHeader(writer, message, chain.firstType, length);
  writer.bytes(chain.bytes);
  return writer.end();
}

function encodeEncrypted(
  message: Message,
  chain: EncodedChain,
  protection: MessageProtection,
): Uint8Array {
  const bodyOctets = sealedOctets(protection, chain.bytes.length);
  const writer = new Writer(SK_OVERHEAD_OCTETS + bodyOctets);
  writeHeader(writer, message, PayloadType.SK, SK_OVERHEAD_OCTETS + bodyOctets);
  writePayloadHeader(writer, chain.firstType, PAYLOAD_HEADER_OCTETS + bodyOctets);
  writer.bytes(sealBody(protection, writer.finish(), chain.bytes));
  return writer.end();
}

interface Fragment {
  readonly number: number;
  readonly total: number;
  readonly next: number;
  readonly content: Uint8Array;
}

function encodeFragment(
  message: Message,
  protection: MessageProtection,
  { number, total, next, content }: Fragment,
): Uint8Array {
  const bodyOctets = FRAGMENT_FIELDS_OCTETS + sealedOctets(protection, content.length);
  const writer = new Writer(SK_OVERHEAD_OCTETS + bodyOctets);
  writeHeader(writer, message, PayloadType.SKF, SK_OVERHEAD_OCTETS + bodyOctets);
  writePayloadHeader(writer, next, PAYLOAD_HEADER_OCTETS + bodyOctets);
  fragmentFields.write(writer, { number, total });
  writer.bytes(sealBody(protection, writer.finish(), content));
  return writer.end();
}

function writePayloadHeader(writer: Writer, next: number, length: number): void {
  if (length > 0xffff) throw new InternalError(`encrypted payload of ${length} octets`);
  writer.u8(next);
  writer.u8(0);
  writer.u16(length);
}
