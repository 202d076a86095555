import type { Host } from './host.ts';
import { Lab } from './lab.ts';
import { addRoutes, link } from './links.ts';
import type { RootName } from './paths.ts';
import { ADDRESSES, type Side } from './plan.ts';

/** The devices of the router in the middle, by the side they face. */
export const ROUTER_DEVICE: Readonly<Record<Side, string>> = { moon: 'to-moon', sun: 'to-sun' };

/**
 * Two sites and the internet between them: alice behind the gateway moon, bob behind the gateway sun, and a router.
 * Every link has IPv4 and IPv6 addresses; the router knows no private network, so only tunnels connect alice and bob.
 */
export interface Sites extends AsyncDisposable {
  readonly lab: Lab;
  readonly alice: Host;
  readonly moon: Host;
  readonly router: Host;
  readonly sun: Host;
  readonly bob: Host;
}

/** Makes the sites; `sunRoot` is the root the peer's daemon lives in, `routerRoot` the one with what runs on the router. */
export async function makeSites(
  name: string,
  sunRoot: RootName = 'strongswan',
  routerRoot: RootName = 'strongswan',
  moonRoot: RootName = 'strongswan',
): Promise<Sites> {
  const lab = new Lab(name);
  try {
    const alice = await lab.host('alice');
    const moon = await lab.host('moon', moonRoot);
    const router = await lab.host('router', routerRoot);
    const sun = await lab.host('sun', sunRoot);
    const bob = await lab.host('bob');
    await connectSite('moon', alice, moon, router);
    await connectSite('sun', bob, sun, router);
    return {
      lab,
      alice,
      moon,
      router,
      sun,
      bob,
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

async function connectSite(side: Side, host: Host, gateway: Host, router: Host): Promise<void> {
  const { 4: v4, 6: v6 } = ADDRESSES[side];
  await link(
    { host, device: 'lan', addresses: [`${v4.host}/24`, `${v6.host}/64`] },
    { host: gateway, device: 'lan', addresses: [`${v4.inner}/24`, `${v6.inner}/64`] },
  );
  await link(
    { host: gateway, device: 'wan', addresses: [`${v4.gateway}/24`, `${v6.gateway}/64`] },
    {
      host: router,
      device: ROUTER_DEVICE[side],
      addresses: [`${v4.router}/24`, `${v6.router}/64`],
    },
  );
  await addRoutes(host, [`default via ${v4.inner}`, `default via ${v6.inner}`]);
  await addRoutes(gateway, [`default via ${v4.router}`, `default via ${v6.router}`]);
}
