import type { ConfNode } from '../../../config/conf-tree.ts';
import { FileProblem, sectionOf } from '../conf-messages.ts';

/** A section of a connection: its path from there, and what it holds. */
export interface Inner {
  readonly path: readonly string[];
  readonly name: string;
  readonly node: ConfNode;
}

/** The children of a connection as written; `children` is matched in any case, as the daemon does. */
export function childrenOf(connection: ConfNode): readonly Inner[] {
  return sectionsIn(connection).flatMap(({ name, node }) => {
    if (name.toLowerCase() !== 'children') return [];
    return sectionsIn(node).map((child) => ({ ...child, path: [name, child.name] }));
  });
}

/** The rounds of authentication of one side, as written and in the order of the file. */
export function roundsOf(connection: ConfNode, side: 'local' | 'remote'): readonly Inner[] {
  return sectionsIn(connection).flatMap(({ name, node }) =>
    name.toLowerCase().startsWith(side) ? [{ path: [name], name, node }] : [],
  );
}

/** Sections that can be resolved; about others there is a finding since the connection was read. */
function sectionsIn(
  parent: ConfNode,
): readonly { readonly name: string; readonly node: ConfNode }[] {
  return parent.sectionNames().flatMap((name) => {
    try {
      return [{ name, node: sectionOf(parent, name) }];
    } catch (error) {
      if (!(error instanceof FileProblem)) throw error;
      return [];
    }
  });
}
