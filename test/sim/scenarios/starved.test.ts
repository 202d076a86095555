import { expect, test } from 'vitest';
import { pair } from '../pair.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

// A process that gets no time for a while, as by SIGSTOP and SIGCONT or on a host that is short of it.

const STOPPED = 20_000;

function stopFor(world: World, host: WorldHost, millis = STOPPED): Promise<void> {
  host.stop();
  return world.pass(millis).then(() => host.resume());
}

const asked = (host: WorldHost): number =>
  host.lines.filter((line) => line === 'sending DPD request').length;

test('a gateway that was stopped for 20 s loses no IKE_SA, and spreads the questions of that time', async () => {
  await using world = new World({ light: true });
  const carol = await gateway(world, { unique: 'never', dpdDelay: 30 });
  carol.pool('a', '10.77.0.0/16');
  const CLIENTS = 150;
  for (let n = 0; n < CLIENTS; n++) {
    const client = await roadwarrior(world, n);
    expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
    // Questions are due all over the thirty seconds.
    await world.pass(180);
  }
  await world.pass(60_000);
  const spis = carol.established.map(({ initiatorSpi }) => initiatorSpi).sort();
  await stopFor(world, carol);
  const perSecond: number[] = [];
  for (let second = 0; second < 30; second++) {
    const before = asked(carol);
    await world.pass(1000);
    perSecond.push(asked(carol) - before);
  }
  // Five a second are due without a stop; those of the twenty seconds come beside these.
  expect(Math.max(...perSecond)).toBeLessThan(16);
  // Each of the silent peers is asked once.
  const total = perSecond.reduce((sum, one) => sum + one, 0);
  expect(total).toBeGreaterThanOrEqual(CLIENTS);
  expect(total).toBeLessThan(1.2 * CLIENTS);
  expect(carol.established.map(({ initiatorSpi }) => initiatorSpi).sort()).toEqual(spis);
  expect(carol.lines.filter((line) => line.includes('retransmit'))).toEqual([]);
});

test('a timer that would have fired many times fires once', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonConnection: { dpdDelay: 2 } });
  await world.during(moon.initiate('net'));
  await world.pass(1000);
  const before = asked(moon);
  await stopFor(world, moon);
  await world.pass(100);
  expect(asked(moon) - before).toBe(0);
  await world.pass(1950);
  expect(asked(moon) - before).toBe(1);
  // And goes on as before.
  await world.pass(10_000);
  expect(asked(moon) - before).toBe(5);
  expect(moon.established).toHaveLength(1);
});

test('an answer that came while the process was stopped counts, although the request was to be given up', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonOptions: { retransmit_tries: 1 },
    moonConnection: { dpdDelay: 30 },
  });
  await world.during(moon.initiate('net'));
  const [spi] = moon.established.map(({ initiatorSpi }) => initiatorSpi);
  world.network.link = { ...world.network.link, loss: 1 };
  await world.settle(() => asked(moon) === 1);
  world.network.link = { ...world.network.link, loss: 0 };
  await world.settle(() => moon.lines.some((line) => line.startsWith('retransmit 1 of request')));
  // It would be given up 7.2 s later; the answer is 20 ms away.
  await stopFor(world, moon);
  await world.pass(60_000);
  expect(moon.established.map(({ initiatorSpi }) => initiatorSpi)).toEqual([spi]);
});

test('a peer that is dead is noticed all the same', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 30 } });
  await world.during(moon.initiate('net'));
  await world.pass(25_000);
  carol.kill();
  await stopFor(world, moon);
  await world.pass(300_000);
  expect(moon.sas).toEqual([]);
});
