import { derElement, derElements } from '../../daemon/proto/der.ts';
import { concatBytes } from '../../daemon/util/bytes.ts';

type Below = (bound: number) => number;

interface Node {
  tag: number;
  /** What comes before the parts inside: the count of unused bits of a BIT STRING. */
  prefix: Uint8Array;
  /** Parts, if the contents are DER; otherwise the contents. */
  parts: Node[] | undefined;
  contents: Uint8Array;
}

/**
 * The same DER with one to three of its elements changed, left out, doubled, moved or exchanged, all lengths fitting again: so that what
 * is behind the first check of lengths is reached. DER inside of strings is changed too.
 */
export function mutateDer(octets: Uint8Array, below: Below): Uint8Array {
  const roots = nodesOf(octets);
  if (roots === undefined) return octets;
  for (let changes = 1 + below(3); changes > 0; changes--) {
    const all = roots.flatMap(descendants);
    const picked = all[below(all.length)];
    if (picked !== undefined) change(picked, all, below);
  }
  return concatBytes(...roots.map(encode));
}

function change({ node, siblings }: Place, all: readonly Place[], below: Below): void {
  const index = siblings.indexOf(node);
  const other = all[below(all.length)]?.node ?? node;
  switch (below(9)) {
    case 0:
      siblings.splice(index, 1);
      return;
    case 1:
      siblings.splice(index, 0, copy(node));
      return;
    case 2:
      siblings.splice(below(siblings.length), 0, ...siblings.splice(index, 1));
      return;
    case 3:
      Object.assign(node, copy(other));
      return;
    case 4:
      node.tag = below(256);
      return;
    case 5:
      node.parts = undefined;
      node.contents = Uint8Array.from({ length: below(40) }, () => below(256));
      return;
    case 6:
      node.parts = undefined;
      node.contents = new Uint8Array();
      return;
    default: {
      const contents = node.parts === undefined ? node.contents : encode(node).slice(2);
      if (contents.length > 0) contents[below(contents.length)] = below(256);
      node.parts = undefined;
      node.contents = contents;
    }
  }
}

interface Place {
  readonly node: Node;
  readonly siblings: Node[];
}

function descendants(node: Node): Place[] {
  const parts = node.parts ?? [];
  return parts.flatMap((part) => [{ node: part, siblings: parts }, ...descendants(part)]);
}

function nodesOf(octets: Uint8Array): Node[] | undefined {
  const elements = derElements(octets, 100_000);
  if (elements === undefined || (elements.length === 0 && octets.length > 0)) return undefined;
  return elements.map(({ tag, contents }) => {
    const bits = tag === 0x03 && contents[0] === 0;
    const inside = bits ? contents.slice(1) : contents;
    const nested = (tag & 0x20) !== 0 || ((bits || tag === 0x04) && inside.length > 2);
    const parts = nested ? nodesOf(inside) : undefined;
    const prefix = bits && parts !== undefined ? contents.slice(0, 1) : new Uint8Array();
    return { tag, prefix, parts, contents: contents.slice() };
  });
}

function encode(node: Node): Uint8Array {
  if (node.parts === undefined) return derElement(node.tag, node.contents);
  return derElement(node.tag, node.prefix, ...node.parts.map(encode));
}

function copy(node: Node): Node {
  return {
    ...node,
    contents: node.contents.slice(),
    parts: node.parts?.map(copy),
  };
}
