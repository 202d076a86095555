#!/usr/bin/env node
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

/** Process entry: what must be set before the first module of the daemon is loaded. */

// What the runtime makes of the sources (types stripped, code compiled) is kept beside them, where whoever can write
// could change the sources as well: every start but the first takes half the time. A folder that cannot be written
// costs nothing but that.
enableCompileCache(fileURLToPath(new URL('../.cache/compile', import.meta.url)));

// Most of what handling a message allocates is garbage when its answer is sent, so a large nursery saves nothing: kept
// at its first size it takes 100 MB less of a busy gateway at the same CPU time, and each collection is short.
setFlagsFromString('--semi-space-growth-factor=1');

/** After the start, so that storing what was compiled delays no answer. */
const STORE_AFTER = 1000;

const { runProcess } = await import('./process.ts');
runProcess();
setTimeout(flushCompileCache, STORE_AFTER).unref();
