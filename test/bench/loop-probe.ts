import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the daemon under test with `--import`: each SIGUSR2 writes the longest stall of its event loop since the last one, in
 * microseconds, to the file named by BENCH_STALLS.
 */

const file = process.env['BENCH_STALLS'];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  process.on('SIGUSR2', () => {
    writeFileSync(
      file,
      JSON.stringify({ max: delays.max / 1000, p99: delays.percentile(99) / 1000 }),
    );
    delays.reset();
  });
}
