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
  readonly #resolver: Resolver;
  readonly #layers: readonly ConfSection[];
  readonly #depth: number;

  private constructor(resolver: Resolver, layers: readonly ConfSection[], depth: number) {
    this.#resolver = resolver;
    this.#layers = layers;
    this.#depth = depth;
  }

  static of(root: ConfSection): ConfNode {
    return new ConfNode(new Resolver(root), [root], 0);
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
    for (const name of path) layers = this.#resolver.step(layers, name);
    const depth = this.#depth + path.length;
    const position = layers[0]?.position;
    if (depth > MAX_DEPTH && position !== undefined) {
      throw new ConfigError(
        printPosition(position),
        `${printPosition(position)}: sections nest deeper than ${MAX_DEPTH}: do they inherit each other in a circle?`,
      );
    }
    return new ConfNode(this.#resolver, layers, depth);
  }
}

/** References that name no section anywhere: most likely misspelt. */
export function danglingReferences(root: ConfSection): readonly ConfReference[] {
  const resolver = new Resolver(root);
  const found: ConfReference[] = [];
  const queue: ConfSection[] = [root];
  for (let section = queue.pop(); section !== undefined; section = queue.pop()) {
    for (const reference of section.references) {
      if (resolver.resolve(reference.path).length === 0) found.push(reference);
    }
    queue.push(...section.sections.values());
  }
  return found;
}

/** Follows references; every path is followed once, so that sections may inherit each other in any way. */
class Resolver {
  readonly #root: ConfSection;
  /** Layers by path; empty while they are being found, which ends circles. */
  readonly #known = new Map<string, readonly ConfSection[]>();

  constructor(root: ConfSection) {
    this.#root = root;
  }

  /** The layers of a sub-section: own ones, then those of its references; a section counts once, at its first place. */
  step(layers: readonly ConfSection[], name: string): readonly ConfSection[] {
    const found = new Set<ConfSection>();
    for (const layer of layers) this.#add(layer.sections.get(name), found);
    return [...found];
  }

  resolve(path: readonly string[]): readonly ConfSection[] {
    const last = path.at(-1);
    if (last === undefined) return [this.#root];
    const key = path.join('.');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, []);
    const layers = this.step(this.resolve(path.slice(0, -1)), last);
    this.#known.set(key, layers);
    return layers;
  }

  #add(section: ConfSection | undefined, found: Set<ConfSection>): void {
    if (section === undefined || found.has(section)) return;
    found.add(section);
    for (const { path } of section.references) {
      for (const parent of this.resolve(path.slice(0, -1))) {
        this.#add(parent.sections.get(path.at(-1) ?? ''), found);
      }
    }
  }
}
