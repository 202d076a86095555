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

/** The place that an error of a file begins with, and the rest of its message; no place if it begins with none. */
export function placedError(error: ConfigError): {
  readonly position: ConfPosition | undefined;
  readonly message: string;
} {
  const [, file, line, column] = /^(.*):(\d+):(\d+)$/s.exec(error.path) ?? [];
  const prefix = `${error.path}: `;
  if (file === undefined || !error.message.startsWith(prefix))
    return { position: undefined, message: error.message };
  return {
    position: { file, line: Number(line), column: Number(column) },
    message: error.message.slice(prefix.length),
  };
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
    const first = new Map<string, string>();
    for (const layer of this.#layers) {
      for (const [name, { text }] of layer.values) if (!first.has(name)) first.set(name, text);
    }
    const names: string[] = [];
    for (const [name, text] of first) if (text !== '') names.push(name);
    return names;
  }

  /** Names of sub-sections, own before inherited, in order of the file. */
  sectionNames(): readonly string[] {
    const names = new Set<string>();
    for (const layer of this.#layers) for (const name of layer.sections.keys()) names.add(name);
    return [...names];
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
      if (isNowhere(resolver, reference)) found.push(reference);
    }
    for (const inner of section.sections.values()) queue.push(inner);
  }
  return found;
}

function isNowhere(resolver: Resolver, { path }: ConfReference): boolean {
  try {
    return resolver.resolve(path).length === 0;
  } catch (error) {
    // Too many sections are no missing ones; whoever reads them is told.
    if (!(error instanceof ConfigError)) throw error;
    return false;
  }
}

/** Sections that one section may inherit, and that may inherit each other in a row. */
const MAX_INHERITED = 256;

/** Follows references; every path is followed once, so that sections may inherit each other in any way. */
class Resolver {
  readonly #root: ConfSection;
  /** Paths that are being followed. */
  #open = 0;
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
    this.#open++;
    let layers: readonly ConfSection[] | undefined;
    try {
      layers = this.step(this.resolve(path.slice(0, -1)), last);
      return layers;
    } finally {
      this.#open--;
      if (layers === undefined) this.#known.delete(key);
      else this.#known.set(key, layers);
    }
  }

  #add(section: ConfSection | undefined, found: Set<ConfSection>): void {
    if (section === undefined || found.has(section)) return;
    found.add(section);
    for (const { path, position } of section.references) {
      if (found.size > MAX_INHERITED || this.#open > MAX_INHERITED) {
        const where = printPosition(position);
        throw new ConfigError(
          where,
          `${where}: more than ${MAX_INHERITED} sections inherit each other, '${path.join('.')}' among them`,
        );
      }
      for (const parent of this.resolve(path.slice(0, -1))) {
        this.#add(parent.sections.get(path.at(-1) ?? ''), found);
      }
    }
  }
}
