/**
 * Random runs of the explorer, or of whole daemons over bad links, without a test runner: `node scripts/explore.ts FROM RUNS
 * [daemons]`. Prints each seed that fails as it comes, and the rate every thousand runs; exits with 1 if any failed.
 */
import { randomScript } from '../test/sim/cases/random-script.ts';
import { randomRun } from '../test/sim/random-run.ts';

const [what, ...numbers] = process.argv.slice(2).toReversed();
const whole = what === 'daemons';
const [runs, from] = (whole ? numbers : [what, ...numbers]).map(Number);
if (from === undefined || runs === undefined || !Number.isInteger(from + runs)) {
  console.error('usage: node scripts/explore.ts FROM RUNS [daemons]');
  process.exit(2);
}

const REPORT_EVERY = whole ? 100 : 1000;
const began = performance.now();
let failed = 0;

for (let run = 0; run < runs; run++) {
  try {
    if (whole) await randomRun(from + run);
    else await randomScript(from + run);
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
