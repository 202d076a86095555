import { defineConfig } from 'vitest/config';
import { ByDuration } from './test/lab/sequencer.ts';

/** One project per kind of test, as `vitest run --project NAME` wants them; each needs what CONTRIBUTING.md says. */
const project = (name: string, include: readonly string[], test: object = {}): object => ({
  test: { name, include: [...include], pool: 'forks', ...test },
});

// hosts of the lab are made by one test file at a time, and a real peer may take its time
const lab = { fileParallelism: false, testTimeout: 90_000, hookTimeout: 90_000, isolate: false };

export default defineConfig({
  test: {
    sequence: { sequencer: ByDuration },
    projects: [
      // longer than anything takes, for machines that are busy with something else
      project('unit', ['test/unit/**/*.test.ts', 'test/*.test.ts'], { testTimeout: 30_000 }),
      project('vectors', ['test/vectors/**/*.test.ts'], { testTimeout: 60_000 }),
      project('sim', ['test/sim/**/*.test.ts'], { testTimeout: 300_000 }),
      project('fuzz', ['test/fuzz/**/*.test.ts'], { testTimeout: 300_000 }),
      project('kernel', ['test/kernel/**/*.test.ts'], lab),
      project('interop', ['test/interop/**/*.test.ts'], lab),
    ],
  },
});
