import { expect, test } from 'vitest';
import { randomRun } from './random-run.ts';

const { SIM_RUNS, SIM_SEED } = process.env;

/** Seeded runs; `SIM_RUNS=10000` for the long run, `SIM_SEED=n` for one seed alone. */
const runs = Number(SIM_RUNS ?? 1000);
const only = SIM_SEED === undefined ? undefined : Number(SIM_SEED);

const batch = 100;

for (let first = only ?? 0; first < (only === undefined ? runs : only + 1); first += batch) {
  const last = only ?? Math.min(first + batch, runs) - 1;
  test(`seeds ${first} to ${last} end with equal views and an empty kernel`, async () => {
    const tally = { up: 0, down: 0, several: 0 };
    for (let seed = first; seed <= last; seed++) {
      const children = await randomRun(seed);
      if (children === 0) tally.down += 1;
      else tally.up += 1;
      if (children > 1) tally.several += 1;
    }
    // A run that never gets anywhere would agree as well: most kinds of ending must have been seen.
    if (last - first < batch - 1) return;
    expect(tally.up).toBeGreaterThan(batch / 5);
    expect(tally.down).toBeGreaterThan(batch / 20);
  }, 300_000);
}
