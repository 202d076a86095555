import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { pair } from '../pair.ts';
import type { SimNat } from '../sim-nat.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Ports that the SAs of a host encapsulate with: the peer's of the inbound, then of the outbound one. */
function portsOfPeer(host: WorldHost): readonly (number | undefined)[] {
  const all = [...host.kernel.sas.values()].map(({ sa }) => sa);
  const into = all.find((sa) => sa?.direction === 'in');
  const out = all.find((sa) => sa?.direction === 'out');
  return [into?.encap?.sourcePort, out?.encap?.destinationPort];
}

async function behindNat(
  world: World,
): Promise<readonly [moon: WorldHost, carol: WorldHost, nat: SimNat]> {
  const [moon, carol] = await pair(world, {
    moonConnection: { dpdDelay: 30 },
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const nat = world.network.nat(ip('198.51.100.1'), 'moon');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  return [moon, carol, nat];
}

test('the CHILD_SAs of a peer whose NAT was rebound follow to its new port, RFC 7296 section 2.23', async () => {
  await using world = new World();
  const [moon, carol, nat] = await behindNat(world);
  const before = carol.sas[0]?.remotePort;
  expect(portsOfPeer(carol)).toEqual([before, before]);
  nat.rebind();
  await world.pass(120_000);
  const after = carol.sas[0]?.remotePort;
  expect(after).not.toBe(before);
  expect(portsOfPeer(carol)).toEqual([after, after]);
  expect(portsOfPeer(moon)).toEqual([4500, 4500]);
});

test('a mapping that the kernel saw change is followed without waiting for IKE', async () => {
  await using world = new World();
  const [, carol] = await behindNat(world);
  const into = [...carol.kernel.sas.values()].find(({ sa }) => sa?.direction === 'in');
  if (into === undefined) throw new TypeError('no inbound SA');
  carol.kernel.raise({ kind: 'mapping', id: into.id, address: ip('198.51.100.1'), port: 33_333 });
  await world.pass(10);
  expect(carol.sas[0]).toMatchObject({ remoteHost: '198.51.100.1', remotePort: 33_333 });
  expect(portsOfPeer(carol)).toEqual([33_333, 33_333]);
});

test('the one behind the NAT follows no mapping, and a kernel that refuses ends nothing', async () => {
  await using world = new World();
  const [moon, carol, nat] = await behindNat(world);
  const into = [...moon.kernel.sas.values()].find(({ sa }) => sa?.direction === 'in');
  if (into === undefined) throw new TypeError('no inbound SA');
  moon.kernel.raise({ kind: 'mapping', id: into.id, address: ip('192.0.2.2'), port: 33_333 });
  await world.pass(10);
  expect(moon.sas[0]?.remotePort).toBe(4500);
  carol.kernel.refuse((operation) => (operation === 'moveSa' ? 'ENOMEM' : undefined));
  nat.rebind();
  await world.pass(120_000);
  expect(carol.lines.some((line) => line.startsWith('moving CHILD_SA net{'))).toBe(true);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});
