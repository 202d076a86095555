import type { Tree, TreeEntry } from '../config/tree.ts';
import {
  type Element,
  ElementReader,
  ElementType,
  MAX_DEPTH,
  MAX_NAME,
  MAX_VALUE,
} from './element.ts';

/** A decoded message. */
export interface DecodedMessage {
  /** What came before the first fault. Values are copies. */
  readonly tree: Tree;
  /** Whether it was malformed; sections and lists left open at the end are no fault. */
  readonly broken: boolean;
}

/** A request and what it is decoded from. */
export interface RequestMessage extends DecodedMessage {
  /** Belongs to the connection, which wipes it once the request is answered. */
  readonly octets: Uint8Array;
}

/** A request that is decoded when somebody asks what it says. */
export class LazyMessage implements RequestMessage {
  readonly octets: Uint8Array;
  #decoded: DecodedMessage | undefined;

  constructor(octets: Uint8Array) {
    this.octets = octets;
  }

  get tree(): Tree {
    return this.#message.tree;
  }

  get broken(): boolean {
    return this.#message.broken;
  }

  get #message(): DecodedMessage {
    this.#decoded ??= decodeMessage(this.octets);
    return this.#decoded;
  }
}

/** Decodes the elements of a packet from an offset on. Never throws. */
export function decodeMessage(octets: Uint8Array, offset = 0): DecodedMessage {
  const decoder = new MessageDecoder(octets, offset);
  decoder.step(Number.POSITIVE_INFINITY);
  return decoder.message;
}

/** Decodes a message in steps, so that a large one needs not be decoded in one go. */
export class MessageDecoder {
  readonly #reader: ElementReader;
  readonly #root: TreeEntry[] = [];
  /** Entries of the sections that are open around the innermost one. */
  readonly #outer: TreeEntry[][] = [];
  #entries = this.#root;
  /** Of the list that is open. */
  #items: Uint8Array[] | undefined;
  #broken = false;

  constructor(octets: Uint8Array, offset = 0) {
    // One copy of the whole message: values are views of it and pin nothing but it.
    this.#reader = new ElementReader(octets.slice(offset));
  }

  /** What was decoded so far. */
  get message(): DecodedMessage {
    return { tree: this.#root, broken: this.#broken };
  }

  /** Decodes so many elements; true if nothing is left to decode. */
  step(elements: number): boolean {
    for (let i = 0; i < elements; i++) {
      const element = this.#reader.next();
      if (element === undefined) {
        this.#broken = this.#reader.broken;
        return true;
      }
      if (!this.#take(element)) {
        this.#broken = true;
        return true;
      }
    }
    return false;
  }

  /** False if it cannot stand here. */
  #take(element: Element): boolean {
    if (this.#items !== undefined) {
      if (element.type === ElementType.LIST_ITEM) this.#items.push(element.value);
      else if (element.type === ElementType.LIST_END) this.#items = undefined;
      else return false;
      return true;
    }
    switch (element.type) {
      case ElementType.SECTION_START: {
        if (this.#outer.length >= MAX_DEPTH) return false;
        const entries: TreeEntry[] = [];
        this.#entries.push({ kind: 'section', name: element.name, entries });
        this.#outer.push(this.#entries);
        this.#entries = entries;
        return true;
      }
      case ElementType.SECTION_END: {
        const outer = this.#outer.pop();
        this.#entries = outer ?? this.#root;
        return outer !== undefined;
      }
      case ElementType.KEY_VALUE:
        this.#entries.push({ kind: 'value', name: element.name, value: element.value });
        return true;
      case ElementType.LIST_START:
        this.#items = [];
        this.#entries.push({ kind: 'list', name: element.name, items: this.#items });
        return true;
      default:
        return false;
    }
  }
}

/** Octets a message takes on the wire. */
export function messageLength(tree: Tree): number {
  let length = 0;
  for (const entry of tree) {
    length += 2 + entry.name.length;
    if (entry.kind === 'value') length += 2 + Math.min(entry.value.length, MAX_VALUE);
    else if (entry.kind === 'section') length += messageLength(entry.entries) + 1;
    else for (const item of entry.items) length += 3 + Math.min(item.length, MAX_VALUE);
    if (entry.kind === 'list') length += 1;
  }
  return length;
}

/**
 * Writes a message at an offset; the result is the offset after it. Characters of names outside printable ASCII
 * become `?`, longer names and values than the format can carry are cut: an answer always reaches its client.
 */
export function writeMessage(tree: Tree, target: Uint8Array, offset: number): number {
  let at = offset;
  for (const entry of tree) {
    switch (entry.kind) {
      case 'section':
        target[at++] = ElementType.SECTION_START;
        at = writeName(entry.name, target, at);
        at = writeMessage(entry.entries, target, at);
        target[at++] = ElementType.SECTION_END;
        break;
      case 'value':
        target[at++] = ElementType.KEY_VALUE;
        at = writeName(entry.name, target, at);
        at = writeValue(entry.value, target, at);
        break;
      case 'list':
        target[at++] = ElementType.LIST_START;
        at = writeName(entry.name, target, at);
        for (const item of entry.items) {
          target[at++] = ElementType.LIST_ITEM;
          at = writeValue(item, target, at);
        }
        target[at++] = ElementType.LIST_END;
        break;
    }
  }
  return at;
}

/** Encodes a message on its own. */
export function encodeMessage(tree: Tree): Uint8Array {
  const octets = new Uint8Array(messageLength(tree));
  return octets.subarray(0, writeMessage(tree, octets, 0));
}

function writeName(name: string, target: Uint8Array, offset: number): number {
  const length = Math.min(name.length, MAX_NAME);
  let at = offset;
  target[at++] = length;
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    target[at++] = code >= 0x20 && code <= 0x7e ? code : 0x3f;
  }
  return at;
}

function writeValue(value: Uint8Array, target: Uint8Array, offset: number): number {
  const cut = value.length > MAX_VALUE ? value.subarray(0, MAX_VALUE) : value;
  target[offset] = cut.length >> 8;
  target[offset + 1] = cut.length & 0xff;
  target.set(cut, offset + 2);
  return offset + 2 + cut.length;
}
