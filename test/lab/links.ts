import type { Host } from './host.ts';
import { runOk } from './run.ts';

/** One end of a cable: the host, the interface's name in it, and its addresses with prefix length. */
export interface LinkEnd {
  readonly host: Host;
  readonly device: string;
  readonly addresses: readonly string[];
}

/** Connects two hosts with a veth pair, addresses and all, both ends up. */
export async function link(a: LinkEnd, b: LinkEnd): Promise<void> {
  const ends = ['netns', String(a.host.pid), 'type', 'veth', 'peer', 'name', b.device];
  await runOk(['ip', 'link', 'add', 'name', a.device, ...ends, 'netns', String(b.host.pid)]);
  await Promise.all([configure(a), configure(b)]);
}

/** Adds routes to a host; each entry is what follows `ip route add`, IPv6 recognised by its colons. */
export async function addRoutes(host: Host, routes: readonly string[]): Promise<void> {
  await host.sh(routes.map((route) => `ip ${familyOf(route)} route add ${route}`).join('\n'));
}

/** What a link does to packets, in per cent of them. */
export interface BadWeather {
  readonly loss?: number;
  readonly duplicate?: number;
  /** These overtake the ones before them; all others take {@link delayMillis}. */
  readonly reorder?: number;
  readonly corrupt?: number;
  readonly delayMillis?: number;
}

/** Loses this many per cent of the packets a host sends out of each of the devices; 0 takes the loss away. */
export function setLoss(host: Host, devices: readonly string[], percent: number): Promise<void> {
  return setWeather(host, devices, percent > 0 ? { loss: percent } : {});
}

/** Does this to the packets that a host sends out of each of the devices; nothing takes it away. */
export async function setWeather(
  host: Host,
  devices: readonly string[],
  { loss, duplicate, reorder, corrupt, delayMillis }: BadWeather,
): Promise<void> {
  const share = (name: string, percent: number | undefined): readonly string[] =>
    percent === undefined ? [] : [name, `${percent}%`];
  const netem = [
    ...(delayMillis === undefined ? [] : ['delay', `${delayMillis}ms`]),
    ...share('loss', loss),
    ...share('duplicate', duplicate),
    ...share('reorder', reorder),
    ...share('corrupt', corrupt),
  ];
  for (const device of devices) {
    await host.exec(['tc', 'qdisc', 'del', 'dev', device, 'root']);
    if (netem.length === 0) continue;
    await host.ok(['tc', 'qdisc', 'add', 'dev', device, 'root', 'netem', ...netem]);
  }
}

/** Makes a router hide what it forwards out of a device behind its own address there, both IP versions. */
export async function masquerade(router: Host, outDevice: string): Promise<void> {
  const rules = ['ip', 'ip6'].map(
    (family) => `add table ${family} lab
add chain ${family} lab post { type nat hook postrouting priority srcnat; }
add rule ${family} lab post oifname "${outDevice}" masquerade`,
  );
  await router.ok(['nft', '-f', '-'], { input: rules.join('\n') });
}

/** Makes a router pass on to a host what comes for IKE in through a device to its own address there, in this address's IP version. */
export async function forwardIke(router: Host, inDevice: string, to: string): Promise<void> {
  const family = to.includes(':') ? 'ip6' : 'ip';
  const rules = `add table ${family} lab
add chain ${family} lab pre { type nat hook prerouting priority dstnat; }
add rule ${family} lab pre iifname "${inDevice}" fib daddr type local udp dport { 500, 4500 } dnat to ${to}`;
  await router.ok(['nft', '-f', '-'], { input: rules });
}

/** Takes away all translation and filter rules of a router. */
export async function clearRules(router: Host): Promise<void> {
  await router.ok(['nft', 'flush', 'ruleset']);
}

async function configure(end: LinkEnd): Promise<void> {
  const adds = end.addresses.map((address) => {
    const nodad = address.includes(':') ? ' nodad' : '';
    return `ip address add ${address} dev ${end.device}${nodad}`;
  });
  await end.host.network([...adds, `ip link set ${end.device} up`].join('\n'));
}

function familyOf(route: string): string {
  return route.includes(':') ? '-6' : '-4';
}
