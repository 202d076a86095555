import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import config from '../rolldown.config.ts';

/**
 * Prints the folders of `node_modules` that the bundled programs need beside them: what the bundler leaves outside, and what that
 * depends on.
 */

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const { external } = config as { readonly external: readonly string[] };
const found = new Set<string>();
for (const name of external) visit(name, '.');
for (const folder of [...found].sort()) console.log(folder);

function visit(name: string, dependent: string): void {
  const nested = join(dependent, 'node_modules', name);
  const folder = existsSync(nested) ? nested : join('node_modules', name);
  if (found.has(folder)) return;
  found.add(folder);
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const inner of Object.keys(manifest.dependencies ?? {})) visit(inner, folder);
}
