#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Process entry of `ipsec`: its arguments, the terminal and the exit code; nothing else. */

enableCompileCache(fileURLToPath(new URL('../../../.cache/compile', import.meta.url)));

const { main } = await import('./process.ts');
process.exitCode = await main();
