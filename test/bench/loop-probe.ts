import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/**
 * Loaded into the daemon under test with `--import`: each SIGUSR2 writes the longest stall of its event loop since the last one, in
 * microseconds, to the file named by BENCH_STALLS; `cpu` is the most CPU time that its thread took without letting a timer go off: the stall
 * on a machine that has nothing else to do.
 */

const file = process.env['BENCH_STALLS'];
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let cpu = 0;
  let last = threadMicros();
  setInterval(() => {
    const now = threadMicros();
    cpu = Math.max(cpu, now - last);
    last = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    writeFileSync(
      file,
      JSON.stringify({ max: delays.max / 1000, p99: delays.percentile(99) / 1000, cpu }),
    );
    delays.reset();
    cpu = 0;
  });
}

function threadMicros(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
