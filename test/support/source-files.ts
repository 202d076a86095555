import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');

/** A source file of the repository. */
export interface SourceFile {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** One import or re-export; `target` is a path relative to the repository, or the bare name of a package. */
export interface ImportEdge {
  readonly from: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

/** Every file below `folder` whose name ends with one of `endings`; generated and installed folders are left out. */
export function sourceFiles(folder: string, endings: readonly string[]): readonly SourceFile[] {
  const found: SourceFile[] = [];
  const walk = (path: string): void => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (['node_modules', 'build', 'dist'].includes(entry.name)) continue;
      const inner = join(path, entry.name);
      if (entry.isDirectory()) walk(inner);
      else if (endings.some((ending) => entry.name.endsWith(ending))) {
        found.push({ path: relative(root, inner), text: readFileSync(inner, 'utf8') });
      }
    }
  };
  walk(join(root, folder));
  return found;
}

/** What a file imports, dynamically with a literal name included. */
export function importsOf(file: SourceFile): readonly ImportEdge[] {
  const statement =
    /^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\('([^']+)'\)/gm;
  return [...withoutComments(file.text).matchAll(statement)].map((match) => {
    const [, type, named, dynamic] = match;
    const name = named ?? dynamic ?? '';
    const target = name.startsWith('.') ? join(dirname(file.path), name) : name;
    return { from: file.path, target, typeOnly: type !== undefined };
  });
}

/** The program text alone: comments gone, strings emptied. */
export function codeOf(file: SourceFile): string {
  return withoutComments(file.text).replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''");
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
}
