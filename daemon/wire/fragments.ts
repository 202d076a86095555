import type { MessageProtection } from '../contracts/crypto.ts';
import { PayloadType } from '../proto/iana/payload-types.ts';
import type { Message } from '../proto/payload.ts';
import { concatBytes } from '../util/bytes.ts';
import { PAYLOAD_HEADER_OCTETS, readChain } from './chain.ts';
import { coveredOctets } from './covered-octets.ts';
import { DecodeError } from './decode-error.ts';
import { IKE_HEADER_OCTETS, type IkeHeader } from './header.ts';
import { messageOf, parseContent } from './message.ts';
import { openBody } from './payloads/sk.ts';
import { FRAGMENT_FIELDS_OCTETS, type FragmentFields, readFragmentFields } from './payloads/skf.ts';
import { Reader } from './reader.ts';

/** Bounds of a {@link Reassembler}. */
export interface ReassemblyLimits {
  /** Octets of content kept, over all partial messages. */
  readonly maxOctets: number;
  /** Messages in reassembly at the same time; the oldest makes room. */
  readonly maxMessages: number;
}

const defaultLimits: ReassemblyLimits = { maxOctets: 65_536, maxMessages: 2 };

/** Whether a datagram carries a fragment of an encrypted message (SKF as its only payload). */
export function isFragment(header: IkeHeader, bytes: Uint8Array): boolean {
  return header.nextPayload === PayloadType.SKF && bytes.length > IKE_HEADER_OCTETS;
}

/**
 * Number and total of a fragment, not authenticated: for logs and to tell which fragment of a repeated request
 * is answered (RFC 7383 section 2.6.1: the first one). `undefined` if it is no well-formed fragment.
 */
export function fragmentNumber(header: IkeHeader, bytes: Uint8Array): FragmentFields | undefined {
  if (!isFragment(header, bytes)) return undefined;
  try {
    return locate(bytes, header).fields;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

/**
 * Puts together the fragments of one IKE_SA's inbound messages, RFC 7383 section 2.6. State changes only after a
 * fragment has proved its integrity; what is kept is bounded.
 */
export class Reassembler {
  readonly #limits: ReassemblyLimits;
  readonly #partials = new Map<string, Partial>();
  #octets = 0;

  constructor(limits: Readonly<globalThis.Partial<ReassemblyLimits>> = {}) {
    this.#limits = { ...defaultLimits, ...limits };
  }

  /** Messages of which fragments are held. */
  get pending(): number {
    return this.#partials.size;
  }

  /** Octets of content held. */
  get octets(): number {
    return this.#octets;
  }

  /**
   * Takes one fragment. Returns the message once its last missing fragment is there, `undefined` before that and
   * for repeated or outdated fragments. `covered` is called with what IntAuth covers of the whole message. Throws {@link DecodeError}, of which `IntegrityError` changed nothing.
   */
  add(
    bytes: Uint8Array,
    header: IkeHeader,
    protection: MessageProtection,
    covered?: (octets: Uint8Array) => void,
  ): Message | undefined {
    const { fields, next, contentStart } = locate(bytes, header);
    const key = keyOf(header);
    const known = this.#partials.get(key);
    if (known !== undefined && !known.lacks(fields)) return undefined;
    const aad = bytes.subarray(0, contentStart);
    const opened = openBody(protection, aad, bytes.subarray(contentStart), 'SKF');
    const partial = this.#partialFor(key, known, fields.total);
    this.#makeRoom(key, opened.length);
    // A copy, since the opened content may share a larger buffer.
    partial.keep(fields.number, next, new Uint8Array(opened));
    if (fields.number === 1 && covered !== undefined) partial.head = aad.slice(0, HEAD_OCTETS);
    this.#octets += opened.length;
    if (!partial.isComplete) return undefined;
    this.#drop(key);
    const content = partial.content();
    covered?.(coveredOctets(partial.head, content));
    return messageOf(header, parseContent(content, partial.firstType));
  }

  /** Forgets every partial message: when the window moves on, or after a time without progress. */
  clear(): void {
    this.#partials.clear();
    this.#octets = 0;
  }

  // A larger total means that the sender split anew into smaller pieces: RFC 7383 section 2.6 starts over.
  #partialFor(key: string, known: Partial | undefined, total: number): Partial {
    if (known !== undefined && known.total === total) return known;
    this.#drop(key);
    const oldest = this.#partials.keys().next();
    if (this.#partials.size >= this.#limits.maxMessages && !oldest.done) this.#drop(oldest.value);
    const partial = new Partial(total);
    this.#partials.set(key, partial);
    return partial;
  }

  #makeRoom(key: string, octets: number): void {
    for (const other of [...this.#partials.keys()]) {
      if (this.#octets + octets <= this.#limits.maxOctets) return;
      if (other !== key) this.#drop(other);
    }
    if (this.#octets + octets <= this.#limits.maxOctets) return;
    this.#drop(key);
    // Not said to be authenticated: the limit is ours, and the rest of the message will be dropped as well.
    const reason = `message of more than ${this.#limits.maxOctets} octets`;
    throw new DecodeError({ payload: 'SKF', offset: IKE_HEADER_OCTETS, reason });
  }

  #drop(key: string): void {
    this.#octets -= this.#partials.get(key)?.octets ?? 0;
    this.#partials.delete(key);
  }
}

const HEAD_OCTETS = IKE_HEADER_OCTETS + PAYLOAD_HEADER_OCTETS;

/** The fragments of one message that have arrived. */
class Partial {
  readonly total: number;
  firstType: number = PayloadType.NONE;
  /** IKE header and generic payload header of fragment 1, kept only where IntAuth needs them. */
  head: Uint8Array = new Uint8Array(0);
  octets = 0;
  readonly #contents = new Map<number, Uint8Array>();

  constructor(total: number) {
    this.total = total;
  }

  get isComplete(): boolean {
    return this.#contents.size === this.total;
  }

  /** Whether a fragment brings something new; one with a smaller total comes from an older splitting. */
  lacks({ number, total }: FragmentFields): boolean {
    return total > this.total || (total === this.total && !this.#contents.has(number));
  }

  keep(number: number, next: number, content: Uint8Array): void {
    if (number === 1) this.firstType = next;
    this.#contents.set(number, content);
    this.octets += content.length;
  }

  content(): Uint8Array {
    const inOrder: Uint8Array[] = [];
    for (let number = 1; number <= this.total; number++) {
      const content = this.#contents.get(number);
      if (content !== undefined) inOrder.push(content);
    }
    return concatBytes(...inOrder);
  }
}

function keyOf(header: IkeHeader): string {
  return `${header.isResponse ? 'response' : 'request'} ${header.exchange} ${header.messageId}`;
}

interface Located {
  readonly fields: FragmentFields;
  readonly next: number;
  /** Offset of the IV: everything before is authenticated, not encrypted. */
  readonly contentStart: number;
}

function locate(bytes: Uint8Array, header: IkeHeader): Located {
  const [link] = readChain(bytes, header.nextPayload, IKE_HEADER_OCTETS);
  if (link?.type !== PayloadType.SKF) {
    const reason = 'fragment is not the only payload';
    throw new DecodeError({ payload: 'SKF', offset: IKE_HEADER_OCTETS, reason });
  }
  const fields = readFragmentFields(new Reader(bytes, 'SKF', link.bodyStart, link.end));
  return { fields, next: link.next, contentStart: link.bodyStart + FRAGMENT_FIELDS_OCTETS };
}
