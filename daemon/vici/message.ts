import type { Tree, TreeEntry } from '../config/tree.ts';
import { ElementReader, ElementType, MAX_DEPTH, MAX_NAME, MAX_VALUE } from './element.ts';

/** A decoded message. */
export interface DecodedMessage {
  /** What came before the first fault. Values are copies. */
  readonly tree: Tree;
  /** Whether it was malformed; sections and lists left open at the end are no fault. */
  readonly broken: boolean;
}

interface OpenSection {
  readonly name: string;
  readonly entries: TreeEntry[];
}

/** Decodes the elements of a packet from an offset on; one with more of them than allowed is malformed. Never throws. */
export function decodeMessage(
  octets: Uint8Array,
  offset = 0,
  maxElements = Number.POSITIVE_INFINITY,
): DecodedMessage {
  // One copy of the whole message: values are views of it and pin nothing but it.
  const reader = new ElementReader(octets.slice(offset));
  const root: OpenSection = { name: '', entries: [] };
  const open: OpenSection[] = [root];
  let items: Uint8Array[] | undefined;
  let count = 0;
  for (let element = reader.next(); element !== undefined; element = reader.next()) {
    if (++count > maxElements) return { tree: root.entries, broken: true };
    const current = open.at(-1) ?? root;
    if (items !== undefined) {
      if (element.type === ElementType.LIST_ITEM) items.push(element.value);
      else if (element.type === ElementType.LIST_END) items = undefined;
      else return { tree: root.entries, broken: true };
      continue;
    }
    switch (element.type) {
      case ElementType.SECTION_START: {
        if (open.length > MAX_DEPTH) return { tree: root.entries, broken: true };
        const entries: TreeEntry[] = [];
        current.entries.push({ kind: 'section', name: element.name, entries });
        open.push({ name: element.name, entries });
        break;
      }
      case ElementType.SECTION_END:
        if (open.length === 1) return { tree: root.entries, broken: true };
        open.pop();
        break;
      case ElementType.KEY_VALUE:
        current.entries.push({ kind: 'value', name: element.name, value: element.value });
        break;
      case ElementType.LIST_START:
        items = [];
        current.entries.push({ kind: 'list', name: element.name, items });
        break;
      default:
        return { tree: root.entries, broken: true };
    }
  }
  return { tree: root.entries, broken: reader.broken };
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
