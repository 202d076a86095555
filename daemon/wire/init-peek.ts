import { ExchangeType } from '../proto/iana/exchange-types.ts';
import { NotifyType } from '../proto/iana/notify-types.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import { MAX_PAYLOADS, PAYLOAD_HEADER_OCTETS } from './chain.ts';
import { IKE_HEADER_OCTETS, IKE_MAJOR_VERSION } from './header.ts';

/** What the cookie check needs of an IKE_SA_INIT request; all three are views of the datagram. */
export interface InitPeek {
  readonly spiI: Uint8Array;
  readonly nonce: Uint8Array;
  /** Data of the N(COOKIE) at the front, if there is one. */
  readonly cookie: Uint8Array | undefined;
}

const FLAGS_MASK = 0x28;
const FLAGS_OF_REQUEST = 0x08;
const NOTIFY_FIELDS_OCTETS = 4;

/**
 * Finds initiator SPI, nonce and cookie of an IKE_SA_INIT request (RFC 7296 section 2.6) without building a
 * message; `undefined` for anything that is not one. Never throws, looks at no more than 100 payload headers.
 */
export function peekInitRequest(bytes: Uint8Array): InitPeek | undefined {
  if (!isInitRequest(bytes)) return undefined;
  let type = at(bytes, 16);
  let start = IKE_HEADER_OCTETS;
  let cookie: Uint8Array | undefined;
  for (let index = 0; index < MAX_PAYLOADS; index++) {
    if (start + PAYLOAD_HEADER_OCTETS > bytes.length) return undefined;
    const end = start + u16At(bytes, start + 2);
    if (end < start + PAYLOAD_HEADER_OCTETS || end > bytes.length) return undefined;
    if (type === PayloadType.NONCE) {
      const nonce = bytes.subarray(start + PAYLOAD_HEADER_OCTETS, end);
      if (nonce.length < 16 || nonce.length > 256) return undefined;
      return { spiI: bytes.subarray(0, 8), nonce, cookie };
    }
    if (index === 0 && type === PayloadType.NOTIFY) {
      cookie = cookieOf(bytes, start + PAYLOAD_HEADER_OCTETS, end);
    }
    if (type === PayloadType.NONE) return undefined;
    type = at(bytes, start);
    start = end;
  }
  return undefined;
}

/**
 * The answer that asks for the same request again, with this cookie in front (RFC 7296 section 2.6). `request`
 * is one that {@link peekInitRequest} accepted; the cookie has 1 to 64 octets.
 */
export function encodeCookieResponse(request: Uint8Array, cookie: Uint8Array): Uint8Array {
  const payloadOctets = PAYLOAD_HEADER_OCTETS + NOTIFY_FIELDS_OCTETS + cookie.length;
  const length = IKE_HEADER_OCTETS + payloadOctets;
  const response = new Uint8Array(length);
  response.set(request.subarray(0, 8));
  response[16] = PayloadType.NOTIFY;
  response[17] = IKE_MAJOR_VERSION << 4;
  response[18] = ExchangeType.IKE_SA_INIT;
  response[19] = 0x20;
  response.set(request.subarray(20, 24), 20);
  setU16(response, 26, length);
  setU16(response, 30, payloadOctets);
  setU16(response, 34, NotifyType.COOKIE);
  response.set(cookie, IKE_HEADER_OCTETS + PAYLOAD_HEADER_OCTETS + NOTIFY_FIELDS_OCTETS);
  return response;
}

// Zero responder SPI and message id, as every IKE_SA_INIT request has: RFC 7296 sections 2.2 and 3.1.
function isInitRequest(bytes: Uint8Array): boolean {
  if (bytes.length < IKE_HEADER_OCTETS || bytes.length > 0xffff) return false;
  if (at(bytes, 17) >> 4 !== IKE_MAJOR_VERSION) return false;
  if (at(bytes, 18) !== ExchangeType.IKE_SA_INIT) return false;
  if ((at(bytes, 19) & FLAGS_MASK) !== FLAGS_OF_REQUEST) return false;
  if (isZero(bytes, 0, 8) || !isZero(bytes, 8, 16) || !isZero(bytes, 20, 26)) return false;
  return u16At(bytes, 26) === bytes.length;
}

function cookieOf(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  if (start + NOTIFY_FIELDS_OCTETS > end) return undefined;
  const from = start + NOTIFY_FIELDS_OCTETS + at(bytes, start + 1);
  if (u16At(bytes, start + 2) !== NotifyType.COOKIE) return undefined;
  return from < end && end - from <= 64 ? bytes.subarray(from, end) : undefined;
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

function at(bytes: Uint8Array, offset: number): number {
  return bytes[offset] ?? 0;
}

function u16At(bytes: Uint8Array, offset: number): number {
  return (at(bytes, offset) << 8) | at(bytes, offset + 1);
}

function setU16(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 8;
  bytes[offset + 1] = value;
}
