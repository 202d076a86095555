import type { ConfNode, ConfPosition } from '../../../config/conf-tree.ts';
import { sectionsOf } from '../../../config/section-error.ts';
import type { Tree, TreeEntry } from '../../../config/tree.ts';
import { ConfigError } from '../../../util/error.ts';
import { FileProblem, TextProblem } from '../conf-messages.ts';
import type { Findings } from './finding.ts';
import { locate, placeOf } from './locate.ts';

/** A section that is loaded as one thing, and where its findings go. */
export interface Item {
  readonly node: ConfNode;
  /** `connections.gw`. */
  readonly section: string;
  readonly findings: Findings;
  /** Keys that may stand in a section within, for messages about others. */
  readonly allowedIn?: (sections: readonly string[]) => Iterable<string>;
}

/** What a reader of the daemon made of an item; `loads` is false if the daemon would refuse it. */
export interface ReadItem<T> {
  readonly loads: boolean;
  /** What is left of it without what is wrong; absent if nothing is. */
  readonly value: T | undefined;
}

/** Errors of one item that are told. */
const MAX_ERRORS = 50;

/**
 * Makes the message of an item and reads it as the daemon does. The first error is the one that the daemon would answer with; what it is
 * about is then left out, and reading begins again, so that the others are found as well.
 */
export function readItem<T>(
  item: Item,
  message: (onProblem: (problem: FileProblem) => void) => Tree,
  read: (tree: Tree) => T,
): ReadItem<T> {
  let loads = true;
  const complain = (position: ConfPosition, section: string, code: string, text: string): void => {
    loads = false;
    item.findings.add({ severity: 'error', code, position, section, message: text });
  };
  let tree: Tree | undefined;
  try {
    tree = message((problem) => {
      const code = problem instanceof TextProblem ? 'invalid-value' : 'missing-file';
      complain(problem.position ?? placeOf(item.node), item.section, code, problem.message);
    });
  } catch (error) {
    if (!(error instanceof FileProblem)) throw error;
    complain(error.position ?? placeOf(item.node), item.section, 'invalid-section', error.message);
  }
  for (let errors = 0; tree !== undefined && errors < MAX_ERRORS; errors++) {
    try {
      return { loads, value: read(tree) };
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const { path } = error;
      const sections = sectionsOf(error);
      const section = [item.section, ...sections].join('.');
      const place = locate(item.node, [...sections, path]);
      const rest = without(tree, [...sections, path]);
      // What is missing because of something that was left out is no news.
      if (rest !== undefined || loads)
        complain(place, section, codeOf(error), messageOf(error, item));
      tree = rest;
    }
  }
  return { loads: false, value: undefined };
}

/** The daemon's sentence; where it only says that a key is unknown, with those that are known. */
function messageOf(error: ConfigError, { allowedIn }: Item): string {
  const { message } = error;
  if (allowedIn === undefined || !/^unknown option: [^:]*$/.test(message)) return message;
  return `${message}: allowed are ${[...allowedIn(sectionsOf(error))].join(', ')}`;
}

function codeOf({ message }: ConfigError): string {
  if (message.startsWith('unknown option')) return 'unknown-option';
  if (message.startsWith('invalid section')) return 'invalid-section';
  return 'invalid-value';
}

/** The tree without what stands at a place; `undefined` if nothing stands there. */
function without(tree: Tree, [name, ...inner]: readonly string[]): Tree | undefined {
  let found = false;
  const rest = tree.flatMap((entry): readonly TreeEntry[] => {
    if (entry.name !== name) return [entry];
    if (inner.length === 0) {
      found = true;
      return [];
    }
    if (entry.kind !== 'section') return [entry];
    const less = without(entry.entries, inner);
    if (less === undefined) return [entry];
    found = true;
    return [{ ...entry, entries: less }];
  });
  return found ? rest : undefined;
}
