import type { StateJournal } from '../contracts/journal.ts';
import { KernelError, type KernelNet, type KernelRoute } from '../contracts/kernel.ts';
import { familyOf, type IpAddress } from '../proto/ip-address.ts';
import type { TrafficSelector } from '../proto/traffic-selector.ts';
import { selectorPairs } from './child-policies.ts';
import type { ChildSaSpec } from './child-sa-spec.ts';
import { routeRecord } from './records.ts';
import { selectorHolds, selectorShape } from './selector-shape.ts';
import { SharedObjects } from './shared-objects.ts';

/** The routes of all CHILD_SAs, shared by equal destination; the oldest wish is in force until it goes. */
export function routeTable(net: KernelNet, journal: StateJournal): SharedObjects<KernelRoute> {
  return new SharedObjects<KernelRoute>(
    {
      keyOf: (route) => `${route.table} ${route.destination}/${route.prefix}`,
      choose: (routes) => routes[0] as KernelRoute,
      recordOf: routeRecord,
      same: (a, b) => routeRecord(a) === routeRecord(b),
      async put(route, replaced) {
        if (replaced !== undefined) await net.deleteRoute(replaced);
        await net.addRoute(route);
      },
      drop: (route) => net.deleteRoute(route),
      async restore(route) {
        try {
          await net.addRoute(route);
        } catch (error) {
          // It is there, or its interface is down: the next change tries again.
          if (!(error instanceof KernelError) || !MAY_STAY.has(error.errnoName)) throw error;
        }
      },
    },
    journal,
  );
}

/** Errors of putting back a route that the next change of the network may mend. */
const MAY_STAY: ReadonlySet<string> = new Set([
  'EEXIST',
  'ENETDOWN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ENODEV',
  'EINVAL',
]);

/** What the routes of a CHILD_SA depend on. */
export type RouteView = Pick<KernelNet, 'addresses' | 'route' | 'xfrmInterface'>;

/** A view that asks the kernel every question once. */
export function remembering(net: RouteView): RouteView {
  let addresses: ReturnType<RouteView['addresses']> | undefined;
  const routes = new Map<string, ReturnType<RouteView['route']>>();
  return {
    xfrmInterface: (ifId) => net.xfrmInterface(ifId),
    addresses: () => {
      addresses ??= net.addresses();
      return addresses;
    },
    route(remote, source) {
      const key = `${remote} ${source}`;
      const known = routes.get(key) ?? net.route(remote, source);
      routes.set(key, known);
      return known;
    },
  };
}
/** What the routes of a CHILD_SA or of a trap follow from. */
export type RouteSpec = Pick<
  ChildSaSpec,
  'mode' | 'ifIdOut' | 'policies' | 'local' | 'remote' | 'localTs' | 'remoteTs'
>;

/**
 * The routes a CHILD_SA wants in our table: one to each remote subnet that has no protocol and no ports, with one of
 * our addresses inside the local selector as source, so that packets of this host match the policy. None in transport
 * mode, none where we have no such address. With an interface id the operator routes into that interface, unless
 * `intoInterfaces` says that we do.
 */
export async function childRoutes(
  spec: RouteSpec,
  net: RouteView,
  table: number,
  intoInterfaces = false,
): Promise<readonly KernelRoute[]> {
  if (spec.mode === 'transport' || !spec.policies) return [];
  if (spec.ifIdOut !== 0 && !intoInterfaces) return [];
  const plain = selectorPairs(spec).filter(([local, remote]) => isPlain(local) && isPlain(remote));
  if (plain.length === 0) return [];
  const ours = (await net.addresses()).map((entry) => entry.address);
  const routes = new Map<string, KernelRoute>();
  for (const [local, remote] of plain) {
    const source = sourceInside(local, spec.local, ours);
    const { network, prefix } = selectorShape(remote);
    if (source === undefined || routes.has(`${network}/${prefix}`)) continue;
    const path = await wayOut(spec, net);
    if (path === undefined) continue;
    // Inside of a tunnel may be another family than outside: then the interface alone leads there.
    const { gateway } = path;
    const fits = gateway !== undefined && familyOf(gateway) === familyOf(network);
    routes.set(`${network}/${prefix}`, {
      destination: network,
      prefix,
      table,
      type: 'unicast',
      ...(fits && { gateway }),
      interfaceName: path.interfaceName,
      source,
    });
  }
  return [...routes.values()];
}

/** Through which interface, and over which next hop, packets leave before they are protected. */
async function wayOut(
  spec: RouteSpec,
  net: RouteView,
): Promise<{ readonly interfaceName: string; readonly gateway?: IpAddress } | undefined> {
  if (spec.ifIdOut === 0) return net.route(spec.remote, spec.local);
  const interfaceName = await net.xfrmInterface(spec.ifIdOut);
  return interfaceName === undefined ? undefined : { interfaceName };
}

// The address IKE uses goes first; loopback and link-local ones are no source for a tunnel unless asked for exactly.
function sourceInside(
  local: TrafficSelector,
  ike: IpAddress,
  ours: readonly IpAddress[],
): IpAddress | undefined {
  if (ours.includes(ike) && selectorHolds(local, ike)) return ike;
  const inside = ours.filter((address) => selectorHolds(local, address));
  return inside.find((address) => !isHostScoped(address));
}

function isHostScoped(address: IpAddress): boolean {
  return address.startsWith('127.') || address === '::1' || /^fe[89ab]/.test(address);
}

/** Any protocol and any port. */
export function isPlain(selector: TrafficSelector): boolean {
  return selector.protocol === 0 && selector.startPort === 0 && selector.endPort === 0xffff;
}
