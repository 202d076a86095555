import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const HOUR = 3_600_000;
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

// The kernel tells by the time of day when an SA was used last.
test.each([-2 * HOUR, 2 * HOUR])(
  'a dead peer is noticed although the time of day was set %i ms on',
  async (jump) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 30 } });
    await world.during(moon.initiate('net'));
    await world.pass(5000);
    expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
    world.clock.sleep(jump);
    carol.kill();
    await world.pass(300_000);
    expect(moon.sas).toHaveLength(0);
  },
);

test('a peer whose packets come in is not asked, whatever was set', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 30 } });
  await world.during(moon.initiate('net'));
  await world.pass(5000);
  world.clock.sleep(-2 * HOUR);
  for (let i = 0; i < 20; i++) {
    expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
    await world.pass(10_000);
  }
  expect(moon.lines).not.toContain('sending DPD request');
});

const YEAR = 365 * 24 * HOUR;
const spis = (host: WorldHost): readonly (string | undefined)[] =>
  host.established.map(({ initiatorSpi }) => initiatorSpi);

test.each([-YEAR, YEAR])(
  'SAs stay, and their lifetimes are what they were, although the time of day was set %i ms on',
  async (jump) => {
    await using world = new World();
    const lifetimes = { rekeyTime: 600, overTime: 60, randTime: 0, reauthTime: 0 };
    const connection = { ...lifetimes, dpdDelay: 30 };
    const [moon, carol] = await pair(world, { connection });
    await world.during(moon.initiate('net'));
    await world.settle(() => carol.children.length === 1);
    const began = world.clock.now();
    const before = spis(moon);
    const until = async (seconds: number): Promise<void> => {
      while (world.clock.now() < began + seconds * 1000) {
        await world.pass(1000);
        for (const [from, to, packet] of [
          [moon, carol, there],
          [carol, moon, back],
        ] as const) {
          expect(carry(from.kernel, to.kernel, packet).kind).toBe('protected');
        }
      }
    };
    await until(100);
    world.clock.sleep(jump);
    await until(598);
    expect(spis(moon)).toEqual(before);
    await until(605);
    expect(spis(moon)).not.toEqual(before);
    expect(spis(moon)).toEqual(spis(carol));
    // The peer is well: nobody had a reason to ask, to repeat or to give up.
    for (const host of [moon, carol]) {
      expect(host.lines.filter((line) => /retransmit|giving up|DPD/.test(line))).toEqual([]);
      expect(host.children).toHaveLength(1);
    }
  },
);

// The kernel counts lifetimes in time of day: set back by a year, it would tell of the soft one a year later.
test('a CHILD_SA of whose soft lifetime the kernel does not tell is rekeyed all the same, once', async () => {
  await using world = new World();
  const child = { time: { rekey: 600, life: 6000, rand: 0 } };
  const [moon, carol] = await pair(world, { moonChild: child });
  await world.during(moon.initiate('net'));
  await world.settle(() => carol.children.length === 1);
  const spi = () => moon.children.map(({ installed }) => installed?.spiIn);
  const before = spi();
  world.clock.sleep(-YEAR);
  await world.pass(625_000);
  expect(spi()).toEqual(before);
  await world.pass(70_000);
  expect(spi()).not.toEqual(before);
  expect(moon.events.filter(({ kind }) => kind === 'child-rekey')).toHaveLength(1);
  // And the next one; with none left nothing looks any more.
  await world.pass(690_000);
  expect(moon.events.filter(({ kind }) => kind === 'child-rekey')).toHaveLength(2);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  await world.pass(10_000);
  expect(world.clock.waiting).toBe(0);
});
