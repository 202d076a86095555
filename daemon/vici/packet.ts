import type { Tree } from '../config/tree.ts';
import { printableText } from './element.ts';
import { messageLength, writeMessage } from './message.ts';
import type { MessageBody, MessageWriter } from './message-writer.ts';

/** Packet types, the first octet of a segment. */
export const PacketType = {
  CMD_REQUEST: 0,
  CMD_RESPONSE: 1,
  CMD_UNKNOWN: 2,
  EVENT_REGISTER: 3,
  EVENT_UNREGISTER: 4,
  EVENT_CONFIRM: 5,
  EVENT_UNKNOWN: 6,
  EVENT: 7,
} as const;
export type PacketType = (typeof PacketType)[keyof typeof PacketType];

/** Largest packet in either direction, its four octets of length not counted. */
export const MAX_PACKET = 512 * 1024;

const NAMED: ReadonlySet<number> = new Set([
  PacketType.CMD_REQUEST,
  PacketType.EVENT_REGISTER,
  PacketType.EVENT_UNREGISTER,
  PacketType.EVENT,
]);

/** The head of a received packet; the message begins at `offset`. */
export interface PacketHead {
  readonly type: number;
  /** Empty for types without a name. */
  readonly name: string;
  readonly offset: number;
}

/** Reads type and name; `undefined` if the packet is empty, or its name too long or not printable. */
export function readHead(packet: Uint8Array): PacketHead | undefined {
  const type = packet[0];
  if (type === undefined) return undefined;
  if (!NAMED.has(type)) return { type, name: '', offset: 1 };
  const length = packet[1];
  if (length === undefined || 2 + length > packet.length) return undefined;
  const name = printableText(packet, 2, 2 + length);
  return name === undefined ? undefined : { type, name, offset: 2 + length };
}

/** A whole segment, length and all; `undefined` if it would be larger than {@link MAX_PACKET}. */
export function encodeSegment(
  type: PacketType,
  name: string | undefined,
  tree: Tree,
): Uint8Array | undefined {
  const head = name === undefined ? 1 : 2 + name.length;
  const length = head + messageLength(tree);
  if (length > MAX_PACKET) return undefined;
  const segment = new Uint8Array(4 + length);
  segment[4] = type;
  if (name !== undefined) {
    segment[5] = name.length;
    for (let i = 0; i < name.length; i++) segment[6 + i] = name.charCodeAt(i);
  }
  // Names that were cut make the message shorter than announced: the length is what was really written.
  const end = writeMessage(tree, segment, 4 + head);
  new DataView(segment.buffer).setUint32(0, end - 4);
  return segment.subarray(0, end);
}

/** What a segment of an event begins with: room for its length, and its head. */
export function eventHead(name: string): Uint8Array {
  return encodeSegment(PacketType.EVENT, name, []) ?? new Uint8Array(0);
}

/** Writes a whole segment that begins so; false, and nothing written, if it would be larger than {@link MAX_PACKET}. */
export function writeSegment(out: MessageWriter, head: Uint8Array, body: MessageBody): boolean {
  const start = out.length;
  let written = false;
  try {
    out.raw(head);
    if (typeof body === 'function') body(out);
    else out.tree(body);
    const length = out.length - start - 4;
    written = length <= MAX_PACKET;
    if (written) out.setUint32(start, length);
  } finally {
    if (!written) out.truncate(start);
  }
  return written;
}
