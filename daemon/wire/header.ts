import { NotifyType } from '../proto/iana/notify-types.ts';
import type { IkeSpi } from '../proto/ike-spi.ts';
import { DecodeError } from './decode-error.ts';
import { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Length of the IKE header. */
export const IKE_HEADER_OCTETS = 28;

/** The only major version spoken here. */
export const IKE_MAJOR_VERSION = 2;

const FLAG_INITIATOR = 0x08;
const FLAG_VERSION = 0x10;
const FLAG_RESPONSE = 0x20;

/** The IKE header, RFC 7296 section 3.1. */
export interface IkeHeader {
  readonly spiI: IkeSpi;
  readonly spiR: IkeSpi;
  /** Type of the first payload. */
  readonly nextPayload: number;
  readonly majorVersion: number;
  readonly minorVersion: number;
  readonly exchange: number;
  readonly isResponse: boolean;
  /** The sender is the original initiator of the IKE_SA. */
  readonly fromInitiator: boolean;
  /** The sender could speak a higher major version. */
  readonly versionFlag: boolean;
  readonly messageId: number;
  /** Octets of the whole message, this header included. */
  readonly length: number;
}

/**
 * The header of a datagram as it stands, without judging version or length, so that a message of another
 * version can be answered; `undefined` if there are not even 28 octets.
 */
export function readHeader(bytes: Uint8Array): IkeHeader | undefined {
  if (bytes.length < IKE_HEADER_OCTETS) return undefined;
  const reader = new Reader(bytes, 'header');
  const spiI = reader.u64() as IkeSpi;
  const spiR = reader.u64() as IkeSpi;
  const nextPayload = reader.u8();
  const version = reader.u8();
  const exchange = reader.u8();
  const flags = reader.u8();
  return {
    spiI,
    spiR,
    nextPayload,
    majorVersion: version >> 4,
    minorVersion: version & 0x0f,
    exchange,
    isResponse: (flags & FLAG_RESPONSE) !== 0,
    fromInitiator: (flags & FLAG_INITIATOR) !== 0,
    versionFlag: (flags & FLAG_VERSION) !== 0,
    messageId: reader.u32(),
    length: reader.u32(),
  };
}

/**
 * The header of an IKEv2 message. Throws {@link DecodeError} if the datagram is too short, of another major
 * version (then with INVALID_MAJOR_VERSION), not exactly as long as the header says, or without initiator SPI.
 */
export function parseHeader(bytes: Uint8Array): IkeHeader {
  const header = readHeader(bytes);
  if (header === undefined) throw refuse(bytes.length, `only ${bytes.length} octets`);
  if (header.majorVersion !== IKE_MAJOR_VERSION) {
    const reason = `major version ${header.majorVersion}`;
    throw refuse(17, reason, NotifyType.INVALID_MAJOR_VERSION);
  }
  if (header.length !== bytes.length) {
    throw refuse(24, `length field says ${header.length}, datagram has ${bytes.length} octets`);
  }
  if (header.spiI === 0n) throw refuse(0, 'initiator SPI is zero');
  return header;
}

function refuse(offset: number, reason: string, notify?: number): DecodeError {
  const failure = { payload: 'header', offset, reason };
  return new DecodeError(notify === undefined ? failure : { ...failure, notify });
}

/** What of a header differs from message to message; the version is always 2.0. */
export type HeaderFields = Pick<
  IkeHeader,
  'spiI' | 'spiR' | 'exchange' | 'isResponse' | 'fromInitiator' | 'messageId'
>;

/** Writes a header of a message of `length` octets in all, whose first payload is of the type `nextPayload`. */
export function writeHeader(
  writer: Writer,
  header: HeaderFields,
  nextPayload: number,
  length: number,
): void {
  writer.u64(header.spiI);
  writer.u64(header.spiR);
  writer.u8(nextPayload);
  writer.u8(IKE_MAJOR_VERSION << 4);
  writer.u8(header.exchange);
  writer.u8((header.isResponse ? FLAG_RESPONSE : 0) | (header.fromInitiator ? FLAG_INITIATOR : 0));
  writer.u32(header.messageId);
  writer.u32(length);
}
