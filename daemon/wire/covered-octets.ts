import { PayloadType } from '../proto/iana/payload-types.ts';
import type { Message } from '../proto/payload.ts';
import { encodeChain, PAYLOAD_HEADER_OCTETS } from './chain.ts';
import { IKE_HEADER_OCTETS, writeHeader } from './header.ts';
import { Writer } from './writer.ts';

const NEXT_PAYLOAD = 16;
const LENGTH = 24;

/**
 * What IntAuth covers of a received IKE_INTERMEDIATE message, RFC 9242 section 3.3.2: the message up to and including the header of
 * its encrypted payload, then the decrypted content, with both lengths as if IV, padding and ICV were not there. `head` is
 * that first part; of a message in fragments, the first part of fragment 1, which is made to look as if it were whole.
 */
export function coveredOctets(head: Uint8Array, content: Uint8Array): Uint8Array {
  const covered = new Uint8Array(head.length + content.length);
  covered.set(head);
  covered.set(content, head.length);
  const view = new DataView(covered.buffer);
  if (covered[NEXT_PAYLOAD] === PayloadType.SKF) covered[NEXT_PAYLOAD] = PayloadType.SK;
  view.setUint32(LENGTH, covered.length);
  view.setUint16(head.length - 2, PAYLOAD_HEADER_OCTETS + content.length);
  return covered;
}

/** The same of a message of ours, however it will be encrypted and split. */
export function coveredOfOwn(message: Message): Uint8Array {
  const chain = encodeChain(message.payloads);
  const length = IKE_HEADER_OCTETS + PAYLOAD_HEADER_OCTETS + chain.bytes.length;
  const writer = new Writer(length);
  writeHeader(writer, message, PayloadType.SK, length);
  writer.u8(chain.firstType);
  writer.u8(0);
  writer.u16(PAYLOAD_HEADER_OCTETS + chain.bytes.length);
  writer.bytes(chain.bytes);
  return writer.finish();
}
