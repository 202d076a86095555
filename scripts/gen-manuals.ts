import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { manuals } from './lib/manuals/manuals.ts';

// Manual pages and completions of the shells, into the folder that is named.
const [folder = 'dist'] = process.argv.slice(2);
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { version: string };
for (const [path, text] of manuals(version)) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
