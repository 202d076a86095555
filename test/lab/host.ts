import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { REPOSITORY, type RootName, rootPath } from './paths.ts';
import { type Finished, type RunOptions, run, runOk } from './run.ts';
import { waitFor } from './wait.ts';

/** A process started in a host and left running: its pid in the lab, and its end. */
export interface Daemon {
  readonly pid: number;
  /** Resolves with the exit code (null when a signal ended it) once the process is gone. */
  readonly ended: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
}

// The overlay and all else below the mount point lives in the host's own mount namespace and ends with its last process.
const ENTER_ROOT = `
  set -e
  root=$1 repository=$2 name=$3
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay overlay -o "lowerdir=$root,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
  mount -t proc proc /mnt/root/proc
  mount -t sysfs sysfs /mnt/root/sys
  mount --rbind /dev /mnt/root/dev
  mount -t tmpfs -o mode=755 tmpfs /mnt/root/run
  mount -t tmpfs -o mode=1777 tmpfs /mnt/root/tmp
  mkdir -p "/mnt/root$repository" /mnt/root/run/lock
  mount --rbind "$repository" "/mnt/root$repository"
  hostname "$name"
  ip link set lo up
  sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \\
    net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.conf.all.accept_redirects=0 \\
    net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.default.send_redirects=0
  touch /mnt/root/run/lab-host
  exec chroot /mnt/root /bin/sleep infinity
`;

/** A machine of the lab: network, mount and host name namespaces of its own, living in a copy-on-write Debian root. */
export class Host {
  readonly name: string;
  readonly #holder: ChildProcess;
  readonly #namespace: string;

  private constructor(name: string, holder: ChildProcess) {
    this.name = name;
    this.#holder = holder;
    this.#namespace = readlinkSync(`/proc/${holder.pid}/ns/net`);
  }

  /** Makes a host in the root of that name and resolves once it can run commands. */
  static async create(name: string, root: RootName = 'strongswan'): Promise<Host> {
    const script = ['bash', '-c', ENTER_ROOT, 'lab', rootPath(root), REPOSITORY, name];
    const holder = spawn('unshare', ['-m', '-n', '-u', ...script], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ready = (): boolean => {
      if (holder.exitCode !== null) throw new Error(`host ${name} could not be made`);
      return readFileOf(`/proc/${holder.pid}/comm`)?.trim() === 'sleep';
    };
    await waitFor(`host ${name}`, ready);
    return new Host(name, holder);
  }

  /** The pid of the process that keeps the namespaces, for `ip link set … netns`. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** A path of the lab through which a file of this host can be read, written or connected to. */
  path(file: string): string {
    return `/proc/${this.pid}/root${file}`;
  }

  /** Writes a file inside the host, making its folder. */
  write(file: string, content: string, mode = 0o600): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content, { mode });
  }

  /** Copies a file of this machine into the host, making its folder. */
  copyIn(from: string, to: string): void {
    mkdirSync(dirname(this.path(to)), { recursive: true });
    copyFileSync(from, this.path(to));
  }

  /** The text of a file inside the host, undefined when there is none. */
  read(file: string): string | undefined {
    return readFileOf(this.path(file));
  }

  /** True when there is such a file inside the host. */
  exists(file: string): boolean {
    return existsSync(this.path(file));
  }

  /** Runs a command inside the host to its end. */
  exec(argv: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return run(this.#inside(argv), options);
  }

  /** Runs a command inside the host that must succeed; resolves with its standard output. */
  ok(argv: readonly string[], options: RunOptions = {}): Promise<string> {
    return runOk(this.#inside(argv), options);
  }

  /** Runs a shell script inside the host that must succeed; resolves with its standard output. */
  sh(script: string, options: RunOptions = {}): Promise<string> {
    return this.ok(['sh', '-ec', script], options);
  }

  /** Runs a script in the host's network that must succeed, with the programs of this machine: for roots that have no `ip`. */
  network(script: string): Promise<string> {
    return runOk(['nsenter', '-t', String(this.pid), '-n', '--', 'sh', '-ec', script]);
  }

  /** Starts a process that stays, its output going to a file of the host. The pid is the process's own. */
  spawn(argv: readonly string[], log: string, env: Readonly<Record<string, string>> = {}): Daemon {
    return this.spawnOutside(this.#inside(argv), log, env);
  }

  /** The same outside, for what enters the host by itself. */
  spawnOutside(
    argv: readonly string[],
    log: string,
    env: Readonly<Record<string, string>> = {},
  ): Daemon {
    mkdirSync(dirname(this.path(log)), { recursive: true });
    const output = openSync(this.path(log), 'a');
    const [program, ...rest] = argv;
    const child = spawn(program ?? '', rest, {
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    });
    closeSync(output);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.on('exit', (code) => resolve(code));
      child.on('error', reject);
    });
    return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
  }

  /** The pids of all processes in this host's network namespace, the holder included. */
  pids(): readonly number[] {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry) && linkOf(`/proc/${entry}/ns/net`) === this.#namespace)
      .map(Number);
  }

  /** Sends a signal to every process of the host but the one that keeps its namespaces. */
  signalAll(signal: NodeJS.Signals): void {
    for (const pid of this.pids()) if (pid !== this.pid) killQuietly(pid, signal);
  }

  /** Ends every process of the host, and with them its namespaces, links and mounts. */
  async [Symbol.asyncDispose](): Promise<void> {
    await waitFor(`the end of host ${this.name}`, () => {
      const pids = this.pids();
      for (const pid of pids) killQuietly(pid, 'SIGKILL');
      return pids.length === 0;
    });
  }

  #inside(argv: readonly string[]): string[] {
    return ['nsenter', '-t', String(this.pid), '-m', '-n', '-u', '-r', '-w', '--', ...argv];
  }
}

function readFileOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // gone already
  }
}
