import type { Files } from '../../daemon/contracts/files.ts';

/** Files that exist only in a test; globs know `*` in the last component. */
export class MemoryFiles implements Files {
  readonly #contents: ReadonlyMap<string, string | Uint8Array>;

  constructor(contents: Readonly<Record<string, string | Uint8Array>>) {
    this.#contents = new Map(Object.entries(contents));
  }

  readText(path: string): string {
    const content = this.#content(path);
    return typeof content === 'string' ? content : new TextDecoder().decode(content);
  }

  readOctets(path: string): Uint8Array {
    const content = this.#content(path);
    return typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
  }

  glob(pattern: string, relativeTo: string): readonly string[] {
    const folder = relativeTo.slice(0, relativeTo.lastIndexOf('/') + 1);
    const absolute = pattern.startsWith('/') ? pattern : folder + pattern;
    const [head = '', tail] = absolute.split('*');
    return [...this.#contents.keys()]
      .filter((path) =>
        tail === undefined ? path === absolute : path.startsWith(head) && path.endsWith(tail),
      )
      .sort();
  }

  #content(path: string): string | Uint8Array {
    const content = this.#contents.get(path);
    if (content === undefined) throw new Error('no such file or directory');
    return content;
  }
}
