import { readFileSync, readlinkSync } from 'node:fs';

/** What kernel state belongs to: this boot of the machine and this network namespace. */
export function kernelScope(): string {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return `${boot} ${readlinkSync('/proc/self/ns/net')}`;
}

/** When a process was started, in ticks since boot; `undefined` for one that is gone or waits to be buried. */
export function startOf(pid: number): string | undefined {
  try {
    // The name in parentheses may hold anything: fields are counted from behind it (proc_pid_stat(5)).
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** `#pid start`: a line that names this process among all of this boot. */
export function ownerLine(): string {
  return `#${process.pid} ${startOf(process.pid)}`;
}

/** The process that an {@link ownerLine} names, if it lives and is another one. */
export function otherOwner(line: string): number | undefined {
  const owner = /^#(\d+) (\d+)$/.exec(line);
  if (owner === null) return undefined;
  const pid = Number(owner[1]);
  return pid !== process.pid && startOf(pid) === owner[2] ? pid : undefined;
}
