import type { Tree } from '../config/tree.ts';
import { utf8 } from '../util/bytes.ts';
import { ElementType, MAX_VALUE } from './element.ts';
import { decodeMessage, messageLength, writeMessage } from './message.ts';
import { type MessageKey, nameOctets } from './message-keys.ts';

/** Octets for what is written first: most events fit. */
const FIRST = 1024;
/** What a batch of events takes: one that was longer, perhaps too long to be sent, says nothing about the next. */
const MOST_EXPECTED = 64 * 1024;
/** Longer texts are left to the runtime's own encoder. */
const SHORT = 256;

/** Writes a message with the writer that it is given. */
export type WriteMessage = (out: MessageWriter) => void;

/** A message as a tree, or as what writes it: what is sent thousands of times is not made into a tree first. */
export type MessageBody = Tree | WriteMessage;

/**
 * Writes elements one after the other into octets that grow, exactly as {@link writeMessage} writes a tree of them: names and values
 * longer than the format can carry are cut.
 */
export class MessageWriter {
  #octets = new Uint8Array(0);
  #length = 0;
  /** Octets to begin with, as many as the last time were needed if that was usual. */
  #expected = FIRST;

  /** Octets written. */
  get length(): number {
    return this.#length;
  }

  /** Hands out what was written, in an array with little room to spare, and begins anew. */
  take(): Uint8Array {
    const octets = this.#octets;
    const length = this.#length;
    this.#expected = Math.min(MOST_EXPECTED, Math.max(FIRST, octets.length));
    this.#octets = new Uint8Array(0);
    this.#length = 0;
    return length * 2 > octets.length ? octets.subarray(0, length) : octets.slice(0, length);
  }

  /** Forgets what was written from a place on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Octets as they are. */
  raw(octets: Uint8Array): void {
    this.#reserve(octets.length);
    this.#copy(octets);
  }

  /** Replaces four octets written before, in network order. */
  setUint32(at: number, number: number): void {
    const octets = this.#octets;
    octets[at] = number >>> 24;
    octets[at + 1] = number >>> 16;
    octets[at + 2] = number >>> 8;
    octets[at + 3] = number;
  }

  /** A section that the configuration, not the protocol, gave its name; ended by {@link end}. */
  named(name: string): void {
    this.raw(nameOctets(ElementType.SECTION_START, name));
  }

  /** A section of the protocol, made by `sectionKey`; ended by {@link end}. */
  section(key: MessageKey): void {
    this.raw(key);
  }

  /** The end of the innermost section. */
  end(): void {
    this.#reserve(1);
    this.#octets[this.#length++] = ElementType.SECTION_END;
  }

  /** A value as UTF-8; nothing if there is none. */
  text(key: MessageKey, text: string | undefined): void {
    if (text === undefined) return;
    this.#reserve(key.length + 2 + SHORT);
    this.#copy(key);
    this.#text(text);
  }

  /** A value in decimal; nothing if there is none. */
  number(key: MessageKey, number: number | undefined): void {
    if (number === undefined) return;
    this.#reserve(key.length + 2 + SHORT);
    this.#copy(key);
    if (number >= 0 && number <= MAX_DIGITS && Number.isInteger(number)) this.#digits(number);
    else this.#text(String(number));
  }

  /** The same of any size. */
  bigint(key: MessageKey, number: bigint): void {
    if (number >= 0n && number <= MAX_DIGITS) this.number(key, Number(number));
    else this.text(key, String(number));
  }

  /** The lower 32 bits as eight hexadecimal digits, as `hex32` prints them. */
  hex32(key: MessageKey, number: number): void {
    this.#reserve(key.length + 2 + 8);
    this.#copy(key);
    const octets = this.#octets;
    const at = this.#length;
    octets[at] = 0;
    octets[at + 1] = 8;
    for (let i = 0; i < 8; i++) octets[at + 2 + i] = HEX[(number >>> (28 - 4 * i)) & 15] ?? 0;
    this.#length = at + 10;
  }

  /** `key=yes`, or nothing if false. */
  flag(key: MessageKey, on: boolean): void {
    if (on) this.text(key, 'yes');
  }

  /** A list, made by `listKey`, of texts. */
  list(key: MessageKey, items: readonly string[]): void {
    this.raw(key);
    for (const item of items) this.item(item);
    this.endList();
  }

  /** One more item of a list whose key was written. */
  item(text: string): void {
    this.#reserve(3 + SHORT);
    this.#octets[this.#length++] = ElementType.LIST_ITEM;
    this.#text(text);
  }

  endList(): void {
    this.#reserve(1);
    this.#octets[this.#length++] = ElementType.LIST_END;
  }

  /** Whatever a tree says. */
  tree(tree: Tree): void {
    this.#reserve(messageLength(tree));
    this.#length = writeMessage(tree, this.#octets, this.#length);
  }

  // There is room for a short one; byte by byte is faster than any encoder as long as that lasts.
  #text(text: string): void {
    const { length } = text;
    if (length > SHORT) {
      this.#encoded(text);
      return;
    }
    const octets = this.#octets;
    const at = this.#length;
    octets[at] = length >> 8;
    octets[at + 1] = length & 0xff;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#encoded(text);
        return;
      }
      octets[at + 2 + i] = code;
    }
    this.#length = at + 2 + length;
  }

  #encoded(text: string): void {
    const whole = utf8(text);
    const octets = whole.length > MAX_VALUE ? whole.subarray(0, MAX_VALUE) : whole;
    this.#reserve(2 + octets.length);
    this.#octets[this.#length++] = octets.length >> 8;
    this.#octets[this.#length++] = octets.length & 0xff;
    this.#octets.set(octets, this.#length);
    this.#length += octets.length;
  }

  #digits(number: number): void {
    let count = 1;
    for (let limit = 10; limit <= number; limit *= 10) count++;
    const octets = this.#octets;
    const at = this.#length;
    octets[at] = 0;
    octets[at + 1] = count;
    let rest = number;
    for (let i = at + 1 + count; i > at + 1; i--) {
      const tenth = Math.floor(rest / 10);
      octets[i] = 0x30 + (rest - tenth * 10);
      rest = tenth;
    }
    this.#length = at + 2 + count;
  }

  #copy(octets: Uint8Array): void {
    const target = this.#octets;
    const at = this.#length;
    const { length } = octets;
    if (length > SHORT) target.set(octets, at);
    else for (let i = 0; i < length; i++) target[at + i] = octets[i] ?? 0;
    this.#length = at + length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed > this.#octets.length) this.#grow(needed);
  }

  #grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, this.#expected, this.#octets.length * 2));
    larger.set(this.#octets.subarray(0, this.#length));
    this.#octets = larger;
  }
}

/** What is written, as a tree. */
export function treeOf(write: WriteMessage): Tree {
  const out = new MessageWriter();
  write(out);
  return decodeMessage(out.take()).tree;
}

/** Up to here numbers are written digit by digit: quotients by ten are exact. */
const MAX_DIGITS = 0xffff_ffff_ffff;

const HEX = utf8('0123456789abcdef');
