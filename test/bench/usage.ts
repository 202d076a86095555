import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of all threads of a process and of the processes it started, microseconds, by the scheduler's own count. */
export function cpuMicros(pid: number): number {
  return Number(nanosOf(pid) / 1000n);
}

function nanosOf(pid: number): bigint {
  let nanos = 0n;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${task}`;
    const [run = '0'] = readFileSync(`${folder}/schedstat`, 'utf8').split(' ');
    nanos += BigInt(run);
    for (const child of readFileSync(`${folder}/children`, 'utf8').trim().split(' ')) {
      if (child !== '') nanos += nanosOf(Number(child));
    }
  }
  return nanos;
}

/** Resident memory of a process, octets. */
export function residentOctets(pid: number): number {
  const [, kilobytes = '0'] =
    /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
