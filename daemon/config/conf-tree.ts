import { ConfigError } from '../util/error.ts';

/** A place in a file; line and column count from 1. */
export interface ConfPosition {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `file:line:column`. */
export function printPosition(position: ConfPosition): string {
  return `${position.file}:${position.line}:${position.column}`;
}

/** A value as written; the empty text stands for "cleared, the built-in default applies". */
export interface ConfValue {
  readonly text: string;
  readonly position: ConfPosition;
}

/** A section as written, merged over all the places that mention it. */
export interface ConfSection {
  readonly position: ConfPosition;
  readonly values: Map<string, ConfValue>;
  readonly sections: Map<string, ConfSection>;
  readonly references: ConfReference[];
}

export interface ConfReference {
  /** Absolute name, split at the dots. */
  readonly path: readonly string[];
  readonly position: ConfPosition;
}

export function newSection(position: ConfPosition): ConfSection {
  return { position, values: new Map(), sections: new Map(), references: [] };
}

/** Nesting beyond this is a mistake: only sections that inherit each other in circles get there. */
const MAX_DEPTH = 64;

/**
 * A section as read: its own contents first, then what it inherits by reference, left to right. References are
 * resolved while reading, so that they may point forwards and into included files.
 */
export class ConfNode {
  readonly #root: ConfSection;
  readonly #layers: readonly ConfSection[];
  readonly #depth: number;

  private constructor(root: ConfSection, layers: readonly ConfSection[], depth: number) {
    this.#root = root;
    this.#layers = layers;
    this.#depth = depth;
  }

  static of(root: ConfSection): ConfNode {
    return new ConfNode(root, [root], 0);
  }

  /** Where the section was opened first; `undefined` if it exists nowhere. */
  get position(): ConfPosition | undefined {
    return this.#layers[0]?.position;
  }

  get exists(): boolean {
    return this.#layers.length > 0;
  }

  /** The value of a key, own before inherited; a cleared one is `undefined` and hides what is inherited. */
  value(key: string): ConfValue | undefined {
    for (const layer of this.#layers) {
      const value = layer.values.get(key);
      if (value !== undefined) return value.text === '' ? undefined : value;
    }
    return undefined;
  }

  /** Keys with a value, own before inherited, in order of the file. */
  keys(): readonly string[] {
    const names = new Set(this.#layers.flatMap((layer) => [...layer.values.keys()]));
    return [...names].filter((name) => this.value(name) !== undefined);
  }

  /** Names of sub-sections, own before inherited, in order of the file. */
  sectionNames(): readonly string[] {
    return [...new Set(this.#layers.flatMap((layer) => [...layer.sections.keys()]))];
  }

  /** The sub-section at a path; one that does not exist is an empty node. */
  at(...path: readonly string[]): ConfNode {
    let layers = this.#layers;
    for (const name of path) layers = step(this.#root, layers, name, new Set());
    const depth = this.#depth + path.length;
    const position = layers[0]?.position;
    if (depth > MAX_DEPTH && position !== undefined) {
      throw new ConfigError(
        printPosition(position),
        `${printPosition(position)}: sections nest deeper than ${MAX_DEPTH}: do they inherit each other in a circle?`,
      );
    }
    return new ConfNode(this.#root, layers, depth);
  }
}

/** References that name no section anywhere: most likely misspelt. */
export function danglingReferences(root: ConfSection): readonly ConfReference[] {
  const found: ConfReference[] = [];
  const queue: ConfSection[] = [root];
  for (let section = queue.pop(); section !== undefined; section = queue.pop()) {
    for (const reference of section.references) {
      if (resolve(root, reference.path, new Set()).length === 0) found.push(reference);
    }
    queue.push(...section.sections.values());
  }
  return found;
}

// `open` holds the references being followed, so that circles end; a section counts once, at its first place.
function step(
  root: ConfSection,
  layers: readonly ConfSection[],
  name: string,
  open: Set<ConfReference>,
): readonly ConfSection[] {
  const found = new Set<ConfSection>();
  for (const layer of layers) {
    const section = layer.sections.get(name);
    if (section !== undefined) addWithReferences(root, section, found, open);
  }
  return [...found];
}

function addWithReferences(
  root: ConfSection,
  section: ConfSection,
  found: Set<ConfSection>,
  open: Set<ConfReference>,
): void {
  if (found.has(section)) return;
  found.add(section);
  for (const reference of section.references) {
    if (open.has(reference)) continue;
    open.add(reference);
    for (const target of resolve(root, reference.path, open)) found.add(target);
    open.delete(reference);
  }
}

function resolve(
  root: ConfSection,
  path: readonly string[],
  open: Set<ConfReference>,
): readonly ConfSection[] {
  let layers: readonly ConfSection[] = [root];
  for (const name of path) layers = step(root, layers, name, open);
  return layers;
}
