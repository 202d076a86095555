/**
 * Random runs of the explorer without a test runner: `node scripts/explore.ts FROM RUNS`. Prints each seed that fails as it
 * comes, and the rate every thousand runs; exits with 1 if any failed.
 */
import { randomScript } from '../test/sim/cases/random-script.ts';

const [from, runs] = process.argv.slice(2).map(Number);
if (from === undefined || runs === undefined || !Number.isInteger(from + runs)) {
  console.error('usage: node scripts/explore.ts FROM RUNS');
  process.exit(2);
}

const REPORT_EVERY = 1000;
const began = performance.now();
let failed = 0;

for (let run = 0; run < runs; run++) {
  try {
    await randomScript(from + run);
  } catch (error) {
    failed += 1;
    console.log(String(error));
  }
  const done = run + 1;
  if (done % REPORT_EVERY === 0 || done === runs) {
    const each = (performance.now() - began) / done;
    console.log(`${done} runs from seed ${from}, ${failed} failed, ${each.toFixed(2)} ms each`);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
