#!/usr/bin/env node
/** First process of a container; nothing else. */

const { main } = await import('./process.ts');
process.exitCode = await main();
