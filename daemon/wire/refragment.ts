import type { MessageProtection } from '../contracts/crypto.ts';
import type { Message } from '../proto/payload.ts';
import { isFragment, Reassembler } from './fragments.ts';
import { readHeader } from './header.ts';
import { encodeFragmented, parseMessage } from './message.ts';
import { MAX_FRAGMENTS } from './payloads/skf.ts';

/**
 * A message of ours that was encrypted already, split anew into datagrams of at most so many octets (RFC 7383 section 2.5.2);
 * the same datagrams if they are small enough. There are more of them than before, which is how the receiver tells one splitting
 * from the other (section 2.6). `protection` is the one that encrypted it: encryption is the same both ways.
 */
export function splitAnew(
  datagrams: readonly Uint8Array[],
  protection: MessageProtection,
  maxIkeOctets: number,
): readonly Uint8Array[] {
  if (datagrams.every(({ length }) => length <= maxIkeOctets)) return datagrams;
  const message = join(datagrams, protection);
  if (message === undefined || datagrams.length >= MAX_FRAGMENTS) return datagrams;
  for (let room = maxIkeOctets; ; room -= STEP_OCTETS) {
    const split = encodeFragmented(message, protection, room);
    if (split.length > datagrams.length) return split;
  }
}

/** The largest block of a cipher. */
const STEP_OCTETS = 16;

function join(
  datagrams: readonly Uint8Array[],
  protection: MessageProtection,
): Message | undefined {
  const reassembler = new Reassembler();
  let message: Message | undefined;
  for (const datagram of datagrams) {
    const header = readHeader(datagram);
    if (header === undefined) return undefined;
    message = isFragment(header, datagram)
      ? reassembler.add(datagram, header, protection)
      : parseMessage(datagram, header, protection);
  }
  return message;
}
