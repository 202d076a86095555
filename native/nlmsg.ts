import { type CType, littleEndian } from './c-struct.ts';
import { NetlinkDecodeError } from './errors.ts';
import { AckAttribute, NlmFlag } from './netlink-constants.ts';

/** Octets of `struct nlmsghdr` and of `struct nlattr`. */
export const HEADER_OCTETS = 16;
const ATTRIBUTE_OCTETS = 4;
/** The upper two bits of an attribute type are flags (nested, network order). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;

/** An attribute that writes itself into the message, so that keys exist in one place only. */
export interface Attribute {
  readonly type: number;
  /** Octets of the value, without header and padding. */
  readonly size: number;
  write(view: DataView, at: number): void;
}

/** A received message; `body` is a view into the datagram. */
export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly body: Uint8Array;
}

/** Attributes by type; of a repeated one the last wins, as in the kernel. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** What NLMSG_ERROR says: 0 is success. */
export interface Ack {
  /** Positive errno. */
  readonly errno: number;
  readonly extAck?: string;
}

/** An attribute of one C value. */
export function attribute<W>(type: number, of: CType<unknown, W>, value: W): Attribute {
  return { type, size: of.size, write: (view, at) => of.write(view, at, value) };
}

/** An attribute of one C value followed by octets (a key). */
export function attributeWithTail<W>(
  type: number,
  of: CType<unknown, W>,
  value: W,
  tail: Uint8Array,
): Attribute {
  return {
    type,
    size: of.size + tail.length,
    write: (view, at) => {
      of.write(view, at, value);
      new Uint8Array(view.buffer, view.byteOffset + at + of.size, tail.length).set(tail);
    },
  };
}

/** An attribute of consecutive C values. */
export function attributeArray<W>(
  type: number,
  of: CType<unknown, W>,
  values: readonly W[],
): Attribute {
  return {
    type,
    size: of.size * values.length,
    write: (view, at) => {
      for (const [i, value] of values.entries()) of.write(view, at + i * of.size, value);
    },
  };
}

/** An attribute of octets as they are. */
export function attributeBytes(type: number, bytes: Uint8Array): Attribute {
  return {
    type,
    size: bytes.length,
    write: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes),
  };
}

/** An attribute of other attributes. */
export function attributeNested(type: number, inner: readonly Attribute[]): Attribute {
  return {
    type,
    size: inner.reduce((sum, one) => sum + aligned(ATTRIBUTE_OCTETS + one.size), 0),
    write: (view, at) => writeAttributes(view, at, inner),
  };
}

/**
 * A whole request, with sequence number 0 until {@link setSequence}. Unused octets are zero. The result belongs to
 * the caller and may hold keys: whoever sends it wipes it.
 */
export function buildMessage<W>(
  type: number,
  flags: number,
  of: CType<unknown, W>,
  body: W,
  attributes: readonly Attribute[] = [],
): Uint8Array {
  const start = HEADER_OCTETS + aligned(of.size);
  let size = start;
  for (const one of attributes) size += aligned(ATTRIBUTE_OCTETS + one.size);
  const view = new DataView(new ArrayBuffer(size));
  view.setUint32(0, size, littleEndian);
  view.setUint16(4, type, littleEndian);
  view.setUint16(6, flags | NlmFlag.REQUEST, littleEndian);
  of.write(view, HEADER_OCTETS, body);
  writeAttributes(view, start, attributes);
  return new Uint8Array(view.buffer);
}

/** Numbers a request. */
export function setSequence(message: Uint8Array, seq: number): void {
  new DataView(message.buffer, message.byteOffset).setUint32(8, seq, littleEndian);
}

/** Splits a datagram; throws {@link NetlinkDecodeError} when a length contradicts the octets that are there. */
export function parseMessages(datagram: Uint8Array): NetlinkMessage[] {
  const view = viewOf(datagram);
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at < datagram.length; ) {
    if (datagram.length - at < HEADER_OCTETS) {
      throw new NetlinkDecodeError('netlink header', at, `${datagram.length - at} octets left`);
    }
    const length = view.getUint32(at, littleEndian);
    if (length < HEADER_OCTETS || length > datagram.length - at) {
      throw new NetlinkDecodeError('netlink header', at, `length ${length} is impossible`);
    }
    messages.push({
      type: view.getUint16(at + 4, littleEndian),
      flags: view.getUint16(at + 6, littleEndian),
      seq: view.getUint32(at + 8, littleEndian),
      body: datagram.subarray(at + HEADER_OCTETS, at + length),
    });
    at += aligned(length);
  }
  return messages;
}

/** Reads the attributes that begin at an offset of a body; values are views. */
export function parseAttributes(bytes: Uint8Array, from = 0): Attributes {
  const view = viewOf(bytes);
  const found = new Map<number, Uint8Array>();
  for (let at = aligned(from); at + ATTRIBUTE_OCTETS <= bytes.length; ) {
    const length = view.getUint16(at, littleEndian);
    const type = view.getUint16(at + 2, littleEndian) & ATTRIBUTE_TYPE_MASK;
    if (length < ATTRIBUTE_OCTETS || length > bytes.length - at) {
      throw new NetlinkDecodeError(`attribute ${type}`, at, `length ${length} is impossible`);
    }
    found.set(type, bytes.subarray(at + ATTRIBUTE_OCTETS, at + length));
    at += aligned(length);
  }
  return found;
}

/** Reads a C value from octets that may be longer, as newer kernels append fields. */
export function readStruct<R>(of: CType<R, never>, what: string, bytes: Uint8Array, at = 0): R {
  if (bytes.length - at < of.size) {
    throw new NetlinkDecodeError(what, at, `${bytes.length - at} octets where ${of.size} belong`);
  }
  return of.read(viewOf(bytes), at);
}

/** Reads an attribute of one C value; `undefined` when it is not there. */
export function readAttribute<R>(
  attributes: Attributes,
  type: number,
  of: CType<R, never>,
  what: string,
): R | undefined {
  const bytes = attributes.get(type);
  return bytes === undefined ? undefined : readStruct(of, what, bytes);
}

/** Reads NLMSG_ERROR with the extended acknowledgement behind it. */
export function parseAck(message: NetlinkMessage): Ack {
  const { body } = message;
  if (body.length < 4) throw new NetlinkDecodeError('NLMSG_ERROR', 0, `${body.length} octets`);
  const errno = Math.abs(viewOf(body).getInt32(0, littleEndian));
  if ((message.flags & NlmFlag.ACK_TLVS) === 0 || body.length < 4 + HEADER_OCTETS) return { errno };
  // The request's header follows, and unless capped its payload too.
  const echoed = viewOf(body).getUint32(4, littleEndian);
  const start = 4 + ((message.flags & NlmFlag.CAPPED) !== 0 ? HEADER_OCTETS : aligned(echoed));
  const text = parseAttributes(body, start).get(AckAttribute.MSG);
  return text === undefined ? { errno } : { errno, extAck: cString(text) };
}

/** Text up to the first zero octet. */
export function cString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function writeAttributes(view: DataView, start: number, attributes: readonly Attribute[]): void {
  let at = start;
  for (const one of attributes) {
    view.setUint16(at, ATTRIBUTE_OCTETS + one.size, littleEndian);
    view.setUint16(at + 2, one.type, littleEndian);
    one.write(view, at + ATTRIBUTE_OCTETS);
    at += aligned(ATTRIBUTE_OCTETS + one.size);
  }
}

// Not with bit operations: a length from outside may not fit 31 bits.
function aligned(octets: number): number {
  return Math.ceil(octets / 4) * 4;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
