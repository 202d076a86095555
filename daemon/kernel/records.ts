import type { KernelPolicy, KernelRoute, SaId } from '../contracts/kernel.ts';
import type { NameServer } from '../contracts/name-servers.ts';
import { type IpAddress, parseIp } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { selectorKey } from './selector-shape.ts';

const routePrefix = 'route ';

/**
 * Journal record of an SA or of a reserved SPI. It is a function of what a dump of the kernel shows, so that a
 * successor recognises exactly the SAs of its predecessor and no other that took the same SPI since.
 */
export function saRecord(sa: SaId & { readonly reqid: number }): string {
  return ['sa', sa.source, sa.destination, sa.protocol, sa.spi, sa.reqid].join(' ');
}

/** Journal record of a policy: its place, its priority and whom it leads to, but not the SPI, which changes. `place` is its {@link policyPlace}. */
export function policyRecord(policy: KernelPolicy, place: string = policyPlace(policy)): string {
  const template = policy.templates[0];
  return [
    'policy',
    place,
    policy.action,
    policy.priority,
    template?.source,
    template?.destination,
    template?.protocol,
    template?.reqid,
  ].join(' ');
}

/** Journal record of a route; holds all of it, because routes are removed without a dump. */
export function routeRecord(route: KernelRoute): string {
  return `${routePrefix}${JSON.stringify(route)}`;
}

/** The route of a record, `undefined` for a record of something else or a damaged one. */
export function routeOfRecord(record: string): KernelRoute | undefined {
  if (!record.startsWith(routePrefix)) return undefined;
  try {
    const route: unknown = JSON.parse(record.slice(routePrefix.length));
    return isRoute(route) ? route : undefined;
  } catch {
    return undefined;
  }
}

/** Journal record of a virtual IP on an interface. */
export function addressRecord(address: IpAddress, interfaceName: string): string {
  return ['address', address, interfaceName].join(' ');
}

/** The virtual IP of a record, `undefined` for a record of something else. */
export function addressOfRecord(
  record: string,
): { readonly address: IpAddress; readonly interfaceName: string } | undefined {
  const match = /^address (\S+) (\S+)$/.exec(record);
  const address = parseIp(match?.[1] ?? '');
  return address === undefined ? undefined : { address, interfaceName: match?.[2] ?? '' };
}

/** Journal record of a DNS server. */
export function nameServerRecord({ address, interfaceName, domains }: NameServer): string {
  return ['dns', address, interfaceName, ...domains].join(' ');
}

/** Whether a record is about what peers assigned to this host: addresses and DNS servers, which outlast CHILD_SAs. */
export function isHostRecord(record: string): boolean {
  return record.startsWith('dns ') || record.startsWith('address ');
}

/** The DNS server of a record, `undefined` for a record of something else. */
export function nameServerOfRecord(record: string): NameServer | undefined {
  const [kind, text = '', interfaceName = '', ...domains] = record.split(' ');
  const address = kind === 'dns' ? parseIp(text) : undefined;
  return address === undefined ? undefined : { address, interfaceName, domains };
}

/**
 * What tells a policy from all others in the kernel: equal for policies that would take each other's place. `keyOf` gives what
 * {@link selectorKey} does.
 */
export function policyPlace(
  policy: KernelPolicy,
  keyOf: (ts: TrafficSelector) => string = selectorKey,
): string {
  const { direction, source, destination, mark, ifId, interfaceName } = policy;
  return [
    direction,
    keyOf(source),
    keyOf(destination),
    mark?.value,
    mark?.mask,
    ifId || undefined,
    interfaceName,
  ].join(' ');
}

function isRoute(value: unknown): value is KernelRoute {
  if (typeof value !== 'object' || value === null) return false;
  const route: Partial<KernelRoute> = value;
  return (
    typeof route.destination === 'string' &&
    typeof route.prefix === 'number' &&
    typeof route.table === 'number' &&
    (route.type === 'unicast' || route.type === 'throw')
  );
}
