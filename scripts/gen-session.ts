import { writeFileSync } from 'node:fs';
import { sessionSources } from './lib/session-source.ts';

const root = new URL('../', import.meta.url);
for (const [path, text] of sessionSources()) writeFileSync(new URL(path, root), text);
