import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, tunnel } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const HOME = places.moon.address;
const moonHome = ip(HOME);
const OTHER = '198.51.100.9';

/** Everything is gone on this host. */
function expectNothing(host: WorldHost): void {
  expect(host.sas).toEqual([]);
  expect(host.kernel.empty).toBe(true);
}

for (const mobike of [true, false]) {
  const how = mobike ? 'with MOBIKE' : 'without MOBIKE';

  test(`terminate right after the address changed reaches the peer, ${how}`, async () => {
    await using world = new World();
    const [moon, carol] = await tunnel(world, { connection: { mobike } });
    moon.readdress(ELSEWHERE, places.moon.inside);
    const outcome = moon.terminate({ ike: 'gw' });
    await world.pass(3000);
    expectNothing(moon);
    expectNothing(carol);
    expect(await outcome).toMatchObject({ ok: true });
  });

  test(`a DELETE on its way while the address changes is sent again from the new one, ${how}`, async () => {
    await using world = new World();
    const [moon, carol] = await tunnel(world, { connection: { mobike } });
    world.network.intercept = () => undefined;
    void moon.terminate({ ike: 'gw' });
    await world.pass(1000);
    moon.readdress(ELSEWHERE, places.moon.inside);
    world.network.intercept = undefined;
    await world.pass(2000);
    expectNothing(moon);
    expectNothing(carol);
  });

  test(`the responder that closes while its address changes reaches the peer, ${how}`, async () => {
    await using world = new World();
    const [moon, carol] = await tunnel(world, { connection: { mobike } });
    carol.readdress(OTHER, places.carol.inside);
    void carol.terminate({ ike: 'gw' });
    await world.pass(3000);
    expectNothing(moon);
    expectNothing(carol);
  });
}

test('an address whose interface is down is lost, although the kernel would send from it', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { connection: { mobike: false } });
  moon.readdress(HOME, ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  moon.kernel.linkDown(moonHome);
  await world.pass(10);
  expect(await moon.kernel.route(ip(places.carol.address), moonHome)).toBeDefined();
  const sources = new Set<string>();
  world.network.intercept = (packet) => {
    if (packet.destination.address === places.carol.address) sources.add(packet.source.address);
    return packet;
  };
  void moon.terminate({ ike: 'gw' });
  await world.pass(3000);
  expect([...sources]).toEqual([ELSEWHERE]);
  expectNothing(moon);
  expectNothing(carol);
});

test('an address that is not in the list of this host is not lost as long as the kernel sends from it', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { connection: { mobike: false } });
  moon.kernel.addresses = () => Promise.resolve([]);
  moon.kernel.readdress([ip(places.moon.inside), moonHome]);
  await world.pass(1000);
  const sources = new Set<string>();
  world.network.intercept = (packet) => {
    if (packet.destination.address === places.carol.address) sources.add(packet.source.address);
    return packet;
  };
  void moon.terminate({ ike: 'gw' });
  await world.pass(3000);
  expect([...sources]).toEqual([HOME]);
  expectNothing(moon);
  expectNothing(carol);
});

test('a DELETE follows the peer to the address that it told meanwhile', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  carol.readdress(OTHER, places.carol.inside);
  void moon.terminate({ ike: 'gw' });
  await world.pass(5000);
  expectNothing(moon);
  expectNothing(carol);
});

test('without MOBIKE whoever opened the IKE_SA authenticates anew from its new address at once', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { connection: { mobike: false } });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  expect(moon.lines).toContain('reauthenticating IKE_SA due to address change');
  expect(endsOf(moon)).toEqual([`${ELSEWHERE}[500]`, '192.0.2.2[500]']);
  expect(endsOf(carol)).toEqual(['192.0.2.2[500]', `${ELSEWHERE}[500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect(carol.children).toHaveLength(1);
});

test('without MOBIKE and break before make it is the same', async () => {
  await using world = new World();
  const options = { make_before_break: false };
  const [moon, carol] = await tunnel(world, { connection: { mobike: false }, options });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  expect(endsOf(carol)).toEqual(['192.0.2.2[500]', `${ELSEWHERE}[500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('without MOBIKE an address that the configuration does not allow is not taken', async () => {
  await using world = new World();
  const [moon] = await tunnel(world, {
    connection: { mobike: false },
    moonConnection: { localAddrs: [{ kind: 'host', text: HOME, address: moonHome }] },
  });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(10_000);
  expect(world.ladder()).not.toContain('due to address change');
  expect(moon.established).toHaveLength(1);
});

test('without MOBIKE and without any way to the peer it waits for one', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { connection: { mobike: false } });
  moon.readdress();
  await world.pass(10_000);
  expect(world.ladder()).not.toContain('due to address change');
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});
