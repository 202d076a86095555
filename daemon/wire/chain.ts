import { NotifyType } from '../proto/iana/notify-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import type { Payload } from '../proto/payload.ts';
import { InternalError } from '../util/error.ts';
import { DecodeError } from './decode-error.ts';
import { bodyName, readBody, writeBody } from './payloads/body.ts';
import { isKnownType } from './payloads/unknown.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** Octets of the generic payload header, RFC 7296 section 3.2. */
export const PAYLOAD_HEADER_OCTETS = 4;

/** Most payloads in one chain, whatever their kinds. */
export const MAX_PAYLOADS = 100;

const CRITICAL = 0x80;

/** Where one payload of a chain lies. */
export interface Link {
  readonly type: number;
  readonly critical: boolean;
  /** "Next Payload" of its header: of SK and SKF the type of the first payload inside. */
  readonly next: number;
  /** Offset of its generic header. */
  readonly start: number;
  /** Offset of its body and of the first octet behind it. */
  readonly bodyStart: number;
  readonly end: number;
}

/**
 * The links of a chain that must fill `bytes[start..]` exactly. It ends at next payload 0, or at SK or SKF, whose
 * own "Next Payload" belongs to what they contain. Looks at headers only.
 */
export function readChain(bytes: Uint8Array, firstType: number, start: number): Link[] {
  const reader = new Reader(bytes, 'chain', start);
  const links: Link[] = [];
  let type = firstType;
  while (type !== PayloadType.NONE) {
    if (links.length === MAX_PAYLOADS) throw reader.error(`more than ${MAX_PAYLOADS} payloads`);
    const headerAt = reader.offset;
    const next = reader.u8();
    const critical = (reader.u8() & CRITICAL) !== 0;
    const length = reader.u16();
    if (length < PAYLOAD_HEADER_OCTETS) {
      throw reader.error(`payload length ${length} is less than its own header`);
    }
    const bodyStart = reader.offset;
    reader.skip(length - PAYLOAD_HEADER_OCTETS);
    links.push({ type, critical, next, start: headerAt, bodyStart, end: reader.offset });
    if (type === PayloadType.SK || type === PayloadType.SKF) break;
    type = next;
  }
  reader.expectEnd();
  return links;
}

/** Throws UNSUPPORTED_CRITICAL_PAYLOAD for a critical payload of a type that nobody here knows. */
export function refuseCritical(links: readonly Link[]): void {
  for (const { type, critical, start } of links) {
    if (critical && !isKnownType(type)) {
      throw new DecodeError({
        payload: 'chain',
        offset: start,
        reason: `critical payload of unknown type ${type}`,
        notify: NotifyType.UNSUPPORTED_CRITICAL_PAYLOAD,
        criticalType: type,
      });
    }
  }
}

/** The payloads of a chain; those in it must not be encrypted ones. */
export function readPayloads(bytes: Uint8Array, links: readonly Link[]): Payload[] {
  refuseCritical(links);
  const payloads: Payload[] = [];
  for (const { type, critical, start, bodyStart, end } of links) {
    if (type === PayloadType.SK || type === PayloadType.SKF) {
      const reason = 'encrypted payload where none may be';
      throw new DecodeError({ payload: 'chain', offset: start, reason });
    }
    payloads.push(readBody(type, critical, new Reader(bytes, bodyName(type), bodyStart, end)));
  }
  return payloads;
}

/** A chain in octets, and the type of its first payload (0 if there is none). */
export interface EncodedChain {
  readonly firstType: number;
  readonly bytes: Uint8Array;
}

/** Where chains are put together, one after the other: memory outside of the heap of objects is dear to get. */
const CHAIN = new Writer();

/** Writes payloads in the given order. Throws {@link InternalError} for one of more than 65535 octets. */
export function encodeChain(payloads: readonly Payload[]): EncodedChain {
  const writer = CHAIN;
  writer.reset();
  let firstType: number = PayloadType.NONE;
  let previousHeader: number | undefined;
  for (const payload of payloads) {
    const start = writer.length;
    writer.u8(PayloadType.NONE);
    writer.u8(payload.kind === 'Unknown' && payload.critical ? CRITICAL : 0);
    writer.u16(0);
    const type = writeBody(writer, payload);
    const length = writer.length - start;
    if (length > 0xffff) throw new InternalError(`${payload.kind} payload of ${length} octets`);
    writer.patchU16(start + 2, length);
    if (previousHeader === undefined) firstType = type;
    else writer.patchU8(previousHeader, type);
    previousHeader = start;
  }
  return { firstType, bytes: writer.finish() };
}
