import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process, microseconds, from the scheduler's own count in nanoseconds. */
export function cpuMicros(pid: number): number {
  let nanos = 0n;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const [run = '0'] = readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ');
    nanos += BigInt(run);
  }
  return Number(nanos / 1000n);
}

/** Resident memory of a process, octets. */
export function residentOctets(pid: number): number {
  const [, kilobytes = '0'] =
    /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
