import { expect, test } from 'vitest';
import { retryDelay } from '../../../daemon/ike/tries.ts';
import { ip } from '../../support/selectors.ts';
import { pair, places } from '../pair.ts';
import { SeededRandom } from '../seeded-random.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const byName = { remoteAddrs: [{ kind: 'name', text: 'carol.example.org' }] } as const;
/** One IKE_SA_INIT and five repetitions, behaviour.md section 1. */
const SEQUENCE = 165_060;

function retries(host: WorldHost): readonly string[] {
  return host.lines.filter((line) => line.includes('trying again'));
}

/** How often a new initiator's SPI was seen. */
function triesSeen(world: World): () => number {
  const spis = new Set<string>();
  world.network.onPacket(({ packet }) => {
    if (packet.data[18] === 34) spis.add(packet.data.subarray(0, 8).join());
  });
  return () => spis.size;
}

test.each([1, 2, 3])(
  'keyingtries = %i: that many sequences under a new SPI each',
  async (keyingTries) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { moonConnection: { keyingTries } });
    carol.kill();
    const tries = triesSeen(world);
    const outcome = await world.during(moon.initiate('net'));
    expect(outcome).toMatchObject({ ok: false, errmsg: expect.stringContaining('not responding') });
    expect(tries()).toBe(keyingTries);
    expect(retries(moon)).toHaveLength(keyingTries - 1);
    // the next sequence follows at once
    expect(world.clock.now()).toBeLessThan(keyingTries * SEQUENCE + 1000);
    expect(moon.alerts('peer-init-unreachable')).toBe(keyingTries);
    expect(moon.lines).toContain('establishing IKE_SA failed, peer not responding');
    expect(moon.sas).toEqual([]);
    expect(moon.daemon.manager.scheduled).toBe(0);
  },
);

test('keyingtries = 0 tries for days, and finds the peer when it comes back', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { keyingTries: 0 } });
  carol.kill();
  const tries = triesSeen(world);
  const outcome = moon.initiate('net');
  await world.pass(3 * 86_400_000);
  // a sequence and at most five minutes of rest
  expect(tries()).toBeGreaterThan((3 * 86_400) / (165 + 300) - 10);
  expect(tries()).toBeLessThan((3 * 86_400) / (165 + 150) + 10);
  expect(moon.sas).toHaveLength(1);
  carol.reborn();
  await carol.start();
  carol.secret('a secret that nobody guesses');
  for (const config of world.configs.get(carol) ?? []) await carol.load(config);
  expect(await world.during(outcome, 600_000)).toEqual({ ok: true });
  expect(carol.children).toHaveLength(1);
});

test('the rest between tries grows to five minutes and is never the same for all', () => {
  const random = new SeededRandom(3);
  for (let tries = 1; tries < 40; tries++) {
    const full = Math.min(300, 5 * 2 ** (tries - 1));
    const seen = Array.from({ length: 50 }, () => retryDelay(tries, random));
    expect(Math.max(...seen)).toBeLessThanOrEqual(full);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(full / 2);
    expect(new Set(seen).size).toBeGreaterThan(20);
  }
});

test('keyingtries = 0: a refusal is told at once, and the next try is made all the same', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { keyingTries: 0 },
    carolSecret: undefined,
  });
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('AUTHENTICATION_FAILED'),
  });
  await world.pass(20_000);
  expect(moon.established).toEqual([]);
  carol.secret('a secret that nobody guesses');
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1, 60_000);
});

test.each([1, 5])('keyingtries = %i: a refusal ends it', async (keyingTries) => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { keyingTries }, carolSecret: 'another' });
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  expect(moon.sas).toEqual([]);
  expect(retries(moon)).toEqual([]);
});

test('names are looked up again for every try', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { ...byName, keyingTries: 0 },
  });
  moon.names.set('carol.example.org', [ip('192.0.2.77')]);
  const outcome = moon.initiate('net');
  await world.pass(SEQUENCE - 1000);
  moon.names.set('carol.example.org', [ip(places.carol.address)]);
  expect(await world.during(outcome, 20_000)).toEqual({ ok: true });
  expect(carol.children).toHaveLength(1);
});

test('a name that does not resolve is a failed try', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { ...byName, keyingTries: 3 } });
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('no address to connect to'),
  });
  expect(retries(moon)).toHaveLength(2);
  expect(moon.lines.filter((line) => line.includes('resolving'))).toHaveLength(3);
  expect(moon.sas).toEqual([]);
});

test('a name that resolves later brings the tunnel up, keyingtries = 0', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { ...byName, keyingTries: 0 } });
  const outcome = moon.initiate('net');
  await world.pass(3_600_000);
  moon.names.set('carol.example.org', [ip(places.carol.address)]);
  expect(await world.during(outcome, 301_000)).toEqual({ ok: true });
});

test('retry_initiate_interval repeats what failed early, whatever keyingtries says', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonOptions: { retry_initiate_interval: 7 },
    moonConnection: byName,
  });
  const outcome = moon.initiate('net');
  await world.pass(100_000);
  expect(retries(moon)).toHaveLength(15);
  moon.names.set('carol.example.org', [ip(places.carol.address)]);
  expect(await world.during(outcome, 7_500)).toEqual({ ok: true });
});

test('whoever initiates meanwhile starts the next try at once', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { ...byName, keyingTries: 0 } });
  const first = moon.initiate('net');
  await world.pass(3_600_000);
  moon.names.set('carol.example.org', [ip(places.carol.address)]);
  const second = moon.initiate('net');
  for (const one of [first, second]) expect(await world.during(one, 1000)).toEqual({ ok: true });
  expect(moon.sas).toHaveLength(1);
});

test('terminate ends the tries, and so does unloading the connection', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { ...byName, keyingTries: 0 } });
  const first = moon.initiate('net');
  await world.pass(3_600_000);
  await world.during(moon.terminate({ ike: 'gw' }));
  expect(await world.during(first)).toMatchObject({ ok: false });
  const second = moon.initiate('net');
  await world.pass(3_600_000);
  await moon.daemon.control.unloadConnection('gw');
  expect(await world.during(second, 301_000)).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('not configured any more'),
  });
  expect(moon.daemon.manager.scheduled).toBe(0);
});

test('a configuration without any host to connect to is not tried for ever', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }], keyingTries: 0 },
  });
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('name a host'),
  });
  expect(moon.sas).toEqual([]);
});
