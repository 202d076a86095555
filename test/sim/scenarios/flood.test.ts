import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { Puppet } from '../puppet.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** IKE_SA_INIT requests from as many addresses, none of which ever answers. */
async function flood(world: World, count: number): Promise<void> {
  const model = new Puppet(world, '198.51.100.1', places.carol.address);
  let request: Uint8Array = new Uint8Array();
  const listening = (record: { packet: { from: string; data: Uint8Array } }): void => {
    if (record.packet.from.startsWith('puppet')) request = record.packet.data;
  };
  world.network.onPacket(listening);
  world.network.intercept = (packet) => (packet.from.startsWith('puppet') ? undefined : packet);
  await model.init();
  world.network.intercept = undefined;
  for (let i = 0; i < count; i++) {
    const data = Uint8Array.from(request);
    data.set(world.random.bytes(8), 0);
    const address = `203.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
    world.network.inject(
      { address: ip(address), port: 500 },
      { address: ip(places.carol.address), port: 500 },
      data,
    );
  }
  await world.pass(100);
}

async function gateway(world: World, setup: PairSetup): Promise<readonly [WorldHost, WorldHost]> {
  return pair(world, {
    ...setup,
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
}

test('a flood of IKE_SA_INITs makes at most cookie_threshold IKE_SAs, and a client gets through', async () => {
  await using world = new World();
  const [moon, carol] = await gateway(world, {});
  await flood(world, 3000);
  expect(carol.daemon.manager.guard.halfOpen).toBe(30);
  expect(carol.sas).toHaveLength(30);
  expect(carol.daemon.manager.drops.cookies).toBe(2970);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(world.ladder()).toContain('IKE_SA_INIT request 0 [ N(COOKIE) SA KE No');
  await world.pass(31_000);
  expect(carol.sas).toHaveLength(1);
  expect(carol.daemon.manager.guard.halfOpen).toBe(0);
});

test('without protection there is still a hard cap on half-open IKE_SAs', async () => {
  await using world = new World();
  const [, carol] = await gateway(world, {
    carolOptions: { dos_protection: false, init_limit_half_open: 100 },
  });
  await flood(world, 500);
  expect(carol.sas).toHaveLength(100);
  expect(carol.daemon.manager.drops.guarded).toBe(400);
  await world.pass(31_000);
  expect(carol.sas).toHaveLength(0);
});

test('block_threshold keeps one address from opening more', async () => {
  await using world = new World();
  const [, carol] = await gateway(world, {
    carolOptions: { cookie_threshold: 0, cookie_threshold_ip: 0 },
  });
  const puppet = new Puppet(world, '198.51.100.1', places.carol.address);
  for (let i = 0; i < 20; i++) {
    puppet.spiI = (puppet.spiI + 1n) as typeof puppet.spiI;
    puppet.spiR = 0n as typeof puppet.spiR;
    await puppet.init();
    puppet.outbound = undefined;
  }
  expect(carol.daemon.manager.guard.halfOpen).toBe(5);
});

test('ikesa_limit and initiator_only refuse everybody', async () => {
  for (const options of [{ ikesa_limit: 1 }, { initiator_only: true }]) {
    await using world = new World({ printOnFailure: false });
    const [moon, carol] = await gateway(world, { carolOptions: options });
    if ('ikesa_limit' in options)
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    const puppet = new Puppet(world, '198.51.100.1', places.carol.address);
    expect(await puppet.init()).toBeUndefined();
    expect(carol.sas.length).toBe('ikesa_limit' in options ? 1 : 0);
  }
});
