import { type Route, RouteType } from '../../native/index.ts';

/**
 * The route that leads to an address when tables of our own do not count: longest prefix, then lowest metric. A
 * table that some rule selects by more than the destination is taken as if it were always looked up.
 */
export function bestRoute(
  routes: readonly Route[],
  destination: Uint8Array,
  ownTables: ReadonlySet<number>,
): Route | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (route.type !== RouteType.UNICAST || ownTables.has(route.table)) continue;
    if (!holds(route, destination)) continue;
    if (best === undefined || isBetter(route, best)) best = route;
  }
  return best;
}

function isBetter(a: Route, b: Route): boolean {
  if (a.prefix !== b.prefix) return a.prefix > b.prefix;
  return (a.metric ?? 0) < (b.metric ?? 0);
}

function holds(route: Route, destination: Uint8Array): boolean {
  for (let bit = 0; bit < route.prefix; bit += 8) {
    const mask = (0xff00 >>> Math.min(8, route.prefix - bit)) & 0xff;
    const difference = (route.dst?.[bit / 8] ?? 0) ^ (destination[bit / 8] ?? 0);
    if ((difference & mask) !== 0) return false;
  }
  return true;
}
