import type { Files } from '../../daemon/contracts/files.ts';

/** Files that exist only in a test; globs know `*` in the last component. */
export class MemoryFiles implements Files {
  readonly #texts: ReadonlyMap<string, string>;

  constructor(texts: Readonly<Record<string, string>>) {
    this.#texts = new Map(Object.entries(texts));
  }

  readText(path: string): string {
    const text = this.#texts.get(path);
    if (text === undefined) throw new Error('no such file or directory');
    return text;
  }

  glob(pattern: string, relativeTo: string): readonly string[] {
    const folder = relativeTo.slice(0, relativeTo.lastIndexOf('/') + 1);
    const absolute = pattern.startsWith('/') ? pattern : folder + pattern;
    const [head = '', tail] = absolute.split('*');
    return [...this.#texts.keys()]
      .filter((path) =>
        tail === undefined ? path === absolute : path.startsWith(head) && path.endsWith(tail),
      )
      .sort();
  }
}
