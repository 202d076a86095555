/** What the preflight looks at: the rights of this process, and settings of the kernel. */
export interface PreflightFacts {
  readonly uid: number;
  /** Effective capabilities, a bit for each (capabilities(7)). */
  readonly capabilities: bigint;
  /** Value of a setting such as `net/ipv4/ip_forward`, `undefined` if this kernel has none of that name. */
  readonly sysctl: (name: string) => string | undefined;
  /** Names of the network interfaces. */
  readonly interfaces: readonly string[];
  /** The UDP ports that it opens. */
  readonly ports: readonly number[];
}

/** What is wrong or worth knowing before the daemon is started; each text names what is missing and what to do. */
export interface PreflightResult {
  /** The daemon cannot work. */
  readonly faults: readonly string[];
  /** It can, but perhaps not as meant. */
  readonly warnings: readonly string[];
  /** Whether the daemon can be given a user of its own. */
  readonly canDrop: boolean;
}

const CAPABILITIES = {
  CHOWN: 0n,
  KILL: 5n,
  SETGID: 6n,
  SETUID: 7n,
  SETPCAP: 8n,
  NET_BIND_SERVICE: 10n,
  NET_ADMIN: 12n,
} as const;
type CapabilityName = keyof typeof CAPABILITIES;

/** What it takes to start the daemon and the process that keeps keys as users of their own, and to end them. */
const TO_DROP: readonly CapabilityName[] = ['CHOWN', 'KILL', 'SETGID', 'SETPCAP', 'SETUID'];

/** Judges whether a daemon can work in this container. */
export function preflight(facts: PreflightFacts): PreflightResult {
  const has = (name: CapabilityName): boolean =>
    ((facts.capabilities >> CAPABILITIES[name]) & 1n) === 1n;
  const missing = TO_DROP.filter((name) => !has(name));
  const canDrop = facts.uid === 0 && missing.length === 0;
  const faults: string[] = [];
  if (!has('NET_ADMIN')) faults.push(lacksNetAdmin(facts.uid));
  if (!has('NET_BIND_SERVICE') && !canBindAnyway(facts)) faults.push(LACKS_BIND);
  faults.push(...facts.interfaces.flatMap((name) => disabled(name, facts)));
  const warnings = [
    ...(facts.uid === 0 && !canDrop ? [cannotDrop(missing)] : []),
    ...forwarding(facts),
  ];
  return { faults, warnings, canDrop };
}

function lacksNetAdmin(uid: number): string {
  const user =
    uid === 0
      ? ''
      : ` (a container engine gives none to user ${uid}: leave out --user, the daemon becomes a user of its own by itself)`;
  return `CAP_NET_ADMIN is missing, without which nobody configures IPsec: start the container with --cap-add NET_ADMIN, in a compose file cap_add: [NET_ADMIN]${user}`;
}

const LACKS_BIND =
  'CAP_NET_BIND_SERVICE is missing, without which ports 500 and 4500 cannot be opened: start the container with --cap-add NET_BIND_SERVICE, or with --sysctl net.ipv4.ip_unprivileged_port_start=500';

function cannotDrop(missing: readonly CapabilityName[]): string {
  const names = missing.map((name) => `CAP_${name}`).join(', ');
  return `the daemon runs as root, because ${names} ${missing.length === 1 ? 'is' : 'are'} missing: add them with --cap-add, and it gets a user of its own`;
}

function canBindAnyway({ sysctl, ports }: PreflightFacts): boolean {
  const first = Number(sysctl('net/ipv4/ip_unprivileged_port_start') ?? '1024');
  // 0 stands for a port that the kernel chooses.
  return ports.every((port) => port === 0 || port >= first);
}

// Traffic would leave in the clear, or what arrives would pass unchecked.
function disabled(name: string, { sysctl }: PreflightFacts): readonly string[] {
  return ['disable_xfrm', 'disable_policy'].flatMap((setting) => {
    const path = `net/ipv4/conf/${name}/${setting}`;
    return name !== 'lo' && sysctl(path) === '1'
      ? [
          `${dotted(path)} is 1, so that IPsec does not protect ${name}: start the container with --sysctl ${dotted(path)}=0`,
        ]
      : [];
  });
}

function forwarding({ sysctl }: PreflightFacts): readonly string[] {
  return ['net/ipv4/ip_forward', 'net/ipv6/conf/all/forwarding'].flatMap((path) =>
    sysctl(path) === '0'
      ? [
          `${dotted(path)} is 0: hosts behind this gateway are not reached through a tunnel; for a gateway start the container with --sysctl ${dotted(path)}=1`,
        ]
      : [],
  );
}

const dotted = (path: string): string => path.replaceAll('/', '.');
