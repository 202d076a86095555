#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { settleNursery } from './runtime/nursery.ts';

/** Process entry: what must be set before the first module of the daemon is loaded. */

// What the runtime makes of the sources (types stripped, code compiled) is kept beside them, where whoever can write
// could change the sources as well: every start but the first takes half the time. A folder that cannot be written
// costs nothing but that.
enableCompileCache(fileURLToPath(new URL('../.cache/compile', import.meta.url)));

settleNursery();

/** After the start, so that storing what was compiled delays no answer. */
const STORE_AFTER = 1000;

const { runProcess } = await import('./process.ts');
runProcess();
setTimeout(flushCompileCache, STORE_AFTER).unref();
