import type { Daemon, Host } from './host.ts';
import { type Finished, type RunOptions, run, runOk } from './run.ts';
import { waitFor } from './wait.ts';

// A control group and a process namespace of its own, and the host's root as the real root: user namespaces need that.
const BOOT = `
  mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup
  mkdir -p "/sys/fs/cgroup/$2"
  echo $$ >"/sys/fs/cgroup/$2/cgroup.procs"
  cd "/proc/$1/root"
  exec unshare --pid --ipc --cgroup --mount --fork sh -ec '
    mount -t proc proc proc
    mount -t cgroup2 cgroup2 sys/fs/cgroup
    mkdir -p run/old
    pivot_root . run/old
    umount -l /run/old
    exec env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --show-status=false'
`;

/** A host that systemd runs as on a real machine: its first process, services, sockets, journal. Ends with its host. */
export class Machine {
  readonly host: Host;
  readonly #init: number;

  private constructor(host: Host, init: number) {
    this.host = host;
    this.#init = init;
  }

  /** Boots systemd on a host whose root has it; resolves once it has started all that it starts. */
  static async boot(host: Host): Promise<Machine> {
    const argv = ['-t', String(host.pid), '-m', '-n', '-u', '--', 'sh', '-ec', BOOT, 'boot'];
    const unshared = host.spawnOutside(
      ['nsenter', ...argv, String(host.pid), host.name],
      '/root/boot.log',
    );
    const init = await waitFor('systemd', () => childNamed(unshared, 'systemd'), 20_000);
    const machine = new Machine(host, init);
    await waitFor(
      `${host.name} to be up`,
      async () => {
        const { stdout } = await machine.exec(['systemctl', 'is-system-running']);
        return /^(?:running|degraded)$/m.test(stdout);
      },
      60_000,
    );
    return machine;
  }

  /** Runs a command on the machine to its end. */
  exec(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.#inside(argv), options);
  }

  /** Runs a command that must succeed; resolves with its standard output. */
  ok(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return runOk(this.#inside(argv), options);
  }

  /** Runs a shell script that must succeed; resolves with its standard output. */
  sh(script: string, options: RunOptions = {}): Promise<string> {
    return this.ok(['sh', '-ec', script], options);
  }

  #inside(argv: readonly string[]): readonly string[] {
    return ['nsenter', '-t', String(this.#init), '-a', '--', ...argv];
  }
}

/** The child of a process, once it runs the program of that name. */
async function childNamed(parent: Daemon, name: string): Promise<number | undefined> {
  const { stdout } = await run(['pgrep', '-P', String(parent.pid), '-x', name]);
  return /^\d+$/m.test(stdout) ? Number(stdout) : undefined;
}
