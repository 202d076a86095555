import { expect } from 'vitest';
import { ip } from '../support/selectors.ts';
import type { PairSetup } from './pair.ts';
import { dynamic } from './roadwarriors.ts';
import type { WorldHost } from './world-host.ts';

/** The name of the pool. */
export const POOL = 'leased';

/** The pair, with moon as a client that asks carol for a virtual IP, or the other way round; {@link openPool} gives carol some. */
export function leasing(setup: PairSetup, client: 'moon' | 'carol' = 'moon'): PairSetup {
  const asks = { vips: [ip('0.0.0.0')] };
  const gives = { pools: [POOL] };
  const inside = { localTs: [dynamic] };
  const outside = { remoteTs: [dynamic] };
  const moonAsks = client === 'moon';
  return {
    ...setup,
    moonConnection: { ...(moonAsks ? asks : gives), ...setup.moonConnection },
    carolConnection: { ...(moonAsks ? gives : asks), ...setup.carolConnection },
    moonChild: { ...(moonAsks ? inside : outside), ...setup.moonChild },
    carolChild: { ...(moonAsks ? outside : inside), ...setup.carolChild },
  };
}

/** Gives a host addresses to lease. */
export function openPool(host: WorldHost): void {
  host.pool(POOL, '10.3.0.0/24');
}

/** How many addresses are in use, and how many are kept for peers that are gone. */
export function leases(host: WorldHost): { readonly online: number; readonly offline: number } {
  const [pool] = host.daemon.control.pools.list(POOL, false);
  if (pool === undefined) throw new TypeError(`${host.name} has no pool`);
  return { online: pool.online, offline: pool.offline };
}

/** Nobody has an address of this host, nobody ever had one, and its kernel knows nothing. */
export function expectNothingLeased(server: WorldHost): void {
  expect(leases(server)).toEqual({ online: 0, offline: 0 });
  expect(server.kernel.empty).toBe(true);
}
