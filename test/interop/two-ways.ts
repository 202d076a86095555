import type { Host } from '../lab/host.ts';
import { addRoutes, link } from '../lab/links.ts';
import { ADDRESSES, type Side } from '../lab/plan.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import type { TunnelRun } from './tunnel-run.ts';

/** The second way of each gateway to the router. */
export const SECOND = {
  moon: { gateway: '203.0.113.1', router: '203.0.113.2' },
  sun: { gateway: '203.0.113.5', router: '203.0.113.6' },
} as const;

/** Packets that a move may cost: the path is noticed to be gone 100 ms late, and the lab is slow. */
export const TOLERATED = 60;

/** Whether the kernels of both gateways have one CHILD_SA, with this address at an end. */
export async function at({ moon, sun }: TunnelRun, address: string): Promise<boolean> {
  for (const gateway of [moon, sun]) {
    const states = await xfrmStates(gateway.host);
    const there = states.filter(({ source, destination }) =>
      [source, destination].includes(address),
    );
    if (states.length !== 2 || there.length !== 2) return false;
  }
  return true;
}

/** Whether the kernels of both gateways have one CHILD_SA, with this address at no end. */
export async function left({ moon, sun }: TunnelRun, address: string): Promise<boolean> {
  for (const gateway of [moon, sun]) {
    const states = await xfrmStates(gateway.host);
    const still = states.some(({ source, destination }) => [source, destination].includes(address));
    if (states.length !== 2 || still) return false;
  }
  return true;
}

/** Gives a gateway a second way to the router, worse than the first. */
export async function secondWay(router: Host, gateway: Host, side: Side): Promise<void> {
  const { gateway: address, router: hop } = SECOND[side];
  await link(
    { host: gateway, device: 'wan2', addresses: [`${address}/30`] },
    { host: router, device: `to-${side}2`, addresses: [`${hop}/30`] },
  );
  await addRoutes(gateway, [`default via ${hop} metric 100`]);
}

/** Takes away the address of the first way and gives it another one of the same network: the one with 77 at its end. */
export async function readdress(gateway: Host, side: Side, family: 4 | 6): Promise<void> {
  const { gateway: before, router } = ADDRESSES[side][family];
  const after = before.replace(/1$/, '77');
  const [length, nodad] = family === 4 ? [24, ''] : [64, 'nodad'];
  await gateway.sh(`ip address del ${before}/${length} dev wan
    ip address add ${after}/${length} dev wan ${nodad}
    ip -${family} route replace default via ${router}`);
}

/** The first way as it was made. */
export async function restore(gateway: Host, side: Side): Promise<void> {
  const { 4: v4, 6: v6 } = ADDRESSES[side];
  await gateway.sh(`ip link set wan up
    ip -4 address flush dev wan
    ip -6 address flush dev wan scope global
    ip address add ${v4.gateway}/24 dev wan
    ip address replace ${v6.gateway}/64 dev wan nodad
    ip route replace default via ${v4.router}
    ip -6 route replace default via ${v6.router}`);
}
