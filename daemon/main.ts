#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * Process entry. What the runtime makes of the sources (types stripped, code compiled) is kept beside them, where
 * whoever can write could change the sources as well: every start but the first takes 300 ms and 30 MB less. Where the
 * folder cannot be written it does without.
 */

/** After the start, so that storing what was compiled delays no answer. */
const STORE_AFTER = 1000;

enableCompileCache(fileURLToPath(new URL('../.cache/compile', import.meta.url)));
const { runProcess } = await import('./process.ts');
runProcess();
setTimeout(flushCompileCache, STORE_AFTER).unref();
