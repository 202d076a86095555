import type { ConfNode, ConfPosition } from '../../../config/conf-tree.ts';

/** Where a key or section of a section is written: the place of whatever is nearest to it. */
export function locate(node: ConfNode, path: readonly string[]): ConfPosition {
  let place = node.position ?? NOWHERE;
  let at = node;
  for (const [i, name] of path.entries()) {
    const value = i === path.length - 1 ? at.value(name) : undefined;
    if (value !== undefined) return value.position;
    at = at.at(name);
    if (at.position === undefined) return place;
    place = at.position;
  }
  return place;
}

/** Where a section begins. */
export function placeOf(node: ConfNode): ConfPosition {
  return locate(node, []);
}

const NOWHERE: ConfPosition = { file: '', line: 1, column: 1 };
