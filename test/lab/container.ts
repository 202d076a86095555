import { readFileSync } from 'node:fs';
import type { ComposeService } from './compose.ts';
import type { Daemon, Host } from './host.ts';
import { REPOSITORY } from './paths.ts';
import { type Finished, run } from './run.ts';
import { waitFor } from './wait.ts';

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A list of the Dockerfile: `ENTRYPOINT […]`, `HEALTHCHECK … CMD […]`. */
export function commandOf(instruction: 'ENTRYPOINT' | 'HEALTHCHECK'): readonly string[] {
  const text = readFileSync(`${REPOSITORY}/Dockerfile`, 'utf8');
  const json = new RegExp(`^${instruction} .*?(\\[.*\\])$`, 'm').exec(text)?.[1] ?? '[]';
  return JSON.parse(json) as readonly string[];
}

/** What an engine gives to a container besides what it is asked for. */
export const ENGINE_CAPABILITIES = 'CHOWN,KILL,SETGID,SETUID,SETPCAP,NET_BIND_SERVICE'.split(',');

/** Starts a command with no capabilities but these, and no way to more. */
export function confined(
  capabilities: readonly string[],
  noNewPrivileges: boolean,
  argv: readonly string[],
): readonly string[] {
  const kept = ['-all', ...capabilities.map((name) => `+${name.toLowerCase()}`)].join(',');
  const sets = [`--bounding-set=${kept}`, '--inh-caps=-all', '--ambient-caps=-all'];
  const root = ['--reuid=0', '--regid=0', '--init-groups'];
  return [
    'setpriv',
    ...root,
    ...sets,
    ...(noNewPrivileges ? ['--no-new-privs'] : []),
    '--',
    ...argv,
  ];
}

// Settings of the kernel cannot be written in a container.
const ENTER = `
  mount -t proc proc /proc
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
  if [ "$1" = ro ]; then mount -o remount,bind,ro /; fi
  shift
  exec "$@"
`;

/** A container of the image, on a host whose root is the image's: what an engine does with namespaces and capabilities. */
export class Container {
  readonly host: Host;
  readonly service: ComposeService;
  readonly #daemon: Daemon;
  readonly #init: number;

  private constructor(host: Host, service: ComposeService, daemon: Daemon, init: number) {
    this.host = host;
    this.service = service;
    this.#daemon = daemon;
    this.#init = init;
  }

  /** Starts what a compose file describes; `folder` is where its volumes are, by their path in the lab. */
  static async start(host: Host, service: ComposeService, folder: string): Promise<Container> {
    for (const setting of service.sysctls) await host.network(`sysctl -qw ${setting}`);
    for (const path of service.tmpfs)
      await host.sh(`mkdir -p ${path}; mount -t tmpfs -o mode=755 tmpfs ${path}`);
    for (const [from, to] of service.volumes) host.copyIn(`${folder}/${from}`, to);
    const environment = Object.entries(service.environment).map(([key, text]) => `${key}=${text}`);
    const argv = [
      ...['unshare', '--pid', '--mount', '--fork', '--kill-child', 'sh', '-ec', ENTER, 'enter'],
      service.readOnly ? 'ro' : 'rw',
      ...confined(service.capabilities, noNewPrivileges(service), [
        ...['env', '-i', PATH, ...environment],
        ...commandOf('ENTRYPOINT'),
      ]),
    ];
    const daemon = host.spawn(argv, '/var/log/container.log');
    const init = await waitFor(`container ${service.name}`, () => childOf(daemon.pid), 10_000);
    return new Container(host, service, daemon, init);
  }

  /** Runs a command beside the first process, as `docker exec` does. */
  exec(argv: readonly string[]): Promise<Finished> {
    const inside = confined(this.service.capabilities, noNewPrivileges(this.service), argv);
    return run([
      'nsenter',
      '-t',
      String(this.#init),
      ...'-m -n -u -p -r -w --'.split(' '),
      ...inside,
    ]);
  }

  /** What the container has printed. */
  log(): string {
    return this.host.read('/var/log/container.log') ?? '';
  }

  /** Sends a signal to the first process. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.#init, signal);
  }

  /** Ends it as an engine does; resolves with the exit code. */
  stop(): Promise<number | null> {
    this.kill('SIGTERM');
    return this.#daemon.ended;
  }
}

function noNewPrivileges({ securityOptions }: ComposeService): boolean {
  return securityOptions.includes('no-new-privileges:true');
}

async function childOf(pid: number): Promise<number | undefined> {
  const { stdout } = await run(['pgrep', '-P', String(pid)]);
  return /^\d+$/m.test(stdout) ? Number(stdout) : undefined;
}
