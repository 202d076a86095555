import { Socket } from 'node:net';

/** What an LDAP server may say, all messages together. */
export interface LdapLimits {
  readonly octets: number;
  readonly messages: number;
  /** BER elements of one message. */
  readonly elements: number;
}

/**
 * A socket whose reader gets whole LDAP messages, one at a time (RFC 4511 section 5.1), none of them malformed or of a shape
 * that costs much to read. A server that sends anything else loses the connection.
 */
export class LdapSocket extends Socket {
  readonly #limits: LdapLimits;
  #held = new Uint8Array(0);
  #length = 0;
  #octets = 0;
  #messages = 0;

  constructor(limits: LdapLimits) {
    super();
    this.#limits = limits;
  }

  /** Called by the stream with what came in; `null` is its end. */
  override push(chunk: unknown): boolean {
    if (!(chunk instanceof Uint8Array)) return super.push(chunk);
    this.#octets += chunk.length;
    if (this.#octets > this.#limits.octets) return this.#refuse('the answer is too long');
    this.#append(chunk);
    return this.#passOn();
  }

  #append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(chunk, this.#length);
    this.#length = length;
  }

  #passOn(): boolean {
    let at = 0;
    let wantsMore = true;
    for (;;) {
      const rest = this.#held.subarray(at, this.#length);
      const element = readHeader(rest, 0);
      if (element === 'more') break;
      if (element === 'bad' || element.tag !== SEQUENCE) return this.#refuse('this is not LDAP');
      if (element.end > this.#limits.octets) return this.#refuse('the answer is too long');
      if (element.end > rest.length) break;
      this.#messages++;
      const message = Buffer.from(rest.subarray(0, element.end));
      if (this.#messages > this.#limits.messages || !isSimple(message, this.#limits.elements)) {
        return this.#refuse('the answer is made of too many pieces');
      }
      at += element.end;
      wantsMore = super.push(message);
    }
    if (at > 0) {
      this.#held = this.#held.slice(at, this.#length);
      this.#length = this.#held.length;
    }
    return wantsMore;
  }

  #refuse(reason: string): boolean {
    this.destroy(new Error(reason));
    return false;
  }
}

const SEQUENCE = 0x30;
const CONSTRUCTED = 0x20;

interface Header {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

function readHeader(octets: Uint8Array, at: number): Header | 'more' | 'bad' {
  const tag = octets[at];
  const first = octets[at + 1];
  if (tag === undefined || first === undefined) return 'more';
  if ((tag & 0x1f) === 0x1f || first === 0x80 || first > 0x84) return 'bad';
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  let length = 0;
  for (let i = 0; i < first - 0x80; i++) {
    const octet = octets[at + 2 + i];
    if (octet === undefined) return 'more';
    length = length * 256 + octet;
  }
  const start = at + 2 + (first - 0x80);
  return { tag, start, end: start + length };
}

/** Whether a message nests properly and has no more than so many elements. */
function isSimple(message: Uint8Array, limit: number): boolean {
  const ends = [message.length];
  let at = 0;
  for (let count = 0; count <= limit; count++) {
    while (at === ends.at(-1)) {
      ends.pop();
      if (ends.length === 0) return true;
    }
    const element = readHeader(message, at);
    if (element === 'more' || element === 'bad' || element.end > (ends.at(-1) ?? 0)) return false;
    if ((element.tag & CONSTRUCTED) === 0) {
      at = element.end;
    } else {
      ends.push(element.end);
      at = element.start;
    }
  }
  return false;
}
