import { writeFileSync } from 'node:fs';
import { optionsDocument } from '../daemon/config/options-document.ts';

const path = new URL('../conf/options.md', import.meta.url);
writeFileSync(path, optionsDocument());
