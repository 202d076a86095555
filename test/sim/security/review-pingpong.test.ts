import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const again = { trap: false, start: true };

/** Deletes every IKE_SA as soon as it is there, for so long; how many those were. */
async function deleteAll(world: World, host: WorldHost, millis: number): Promise<number> {
  const until = world.clock.now() + millis;
  let rounds = 0;
  while (world.clock.now() < until) {
    await world.pass(50);
    for (const sa of host.daemon.manager.tables.byId.values()) {
      if (!sa.up || sa.ending) continue;
      rounds++;
      sa.delete('away');
    }
  }
  return rounds;
}

test('a peer that deletes whatever comes up is not asked again without a pause', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: { closeAction: again } });
  await world.during(moon.initiate('net'));
  const rounds = await deleteAll(world, carol, 120_000);
  // Three at once, then after 1, 2, 4, 8, 16, 30, 30 seconds, each less up to a quarter.
  expect(rounds).toBeGreaterThan(6);
  expect(rounds).toBeLessThan(14);
  // It is still tried, and what stays ends the pauses.
  await world.pass(100_000);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  for (const sa of carol.daemon.manager.tables.byId.values()) sa.delete('away');
  await world.pass(500);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
});

test('what waits for coming back leaves nothing in the clear meanwhile', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: { closeAction: again } });
  await world.during(moon.initiate('net'));
  await deleteAll(world, carol, 30_000);
  // Between two tries now.
  expect(moon.sas).toEqual([]);
  expect(carry(moon.kernel, carol.kernel, PACKET).kind).toBe('held');
  // The packet asks for nothing before its time either.
  await world.pass(1000);
  expect(moon.sas).toEqual([]);
  await world.pass(60_000);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
});

test('what was unloaded meanwhile does not come back', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: { closeAction: again } });
  await world.during(moon.initiate('net'));
  await deleteAll(world, carol, 20_000);
  expect(moon.sas).toEqual([]);
  await moon.daemon.control.unloadConnection('gw');
  await world.pass(60_000);
  expect([moon.sas, carol.sas]).toEqual([[], []]);
});

/** Deletes every CHILD_SA as soon as it is there, for so long, while packets flow; how many those were, and how many packets left readable. */
async function deleteChildren(
  world: World,
  [moon, carol]: readonly [WorldHost, WorldHost],
  millis: number,
): Promise<{ readonly rounds: number; readonly clear: number }> {
  const until = world.clock.now() + millis;
  let rounds = 0;
  let clear = 0;
  while (world.clock.now() < until) {
    // With a trap this asks for a CHILD_SA.
    if (carry(moon.kernel, carol.kernel, PACKET).kind === 'clear') clear++;
    await world.pass(50);
    for (const child of carol.children) {
      rounds++;
      await world.during(carol.terminate({ child: child.name }));
    }
  }
  return { rounds, clear };
}

const PACKET = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

test.each([
  // What comes back at once leaves a moment without policy each time; what has to wait does not.
  ['close_action = start', { closeAction: again }, 3],
  ['close_action = trap', { closeAction: { trap: true, start: false } }, 0],
  ['start_action = trap', { startAction: { trap: true, start: false } }, 0],
  ['both', { closeAction: { trap: true, start: true } }, 0],
])('nor one that deletes every CHILD_SA but not the IKE_SA, %s', async (_, moonChild, most) => {
  await using world = new World();
  const hosts = await pair(world, { moonChild });
  const [moon, carol] = hosts;
  await world.during(moon.initiate('net'));
  await world.settle(() => carol.children.length === 1);
  const [ike] = moon.established.map(({ initiatorSpi }) => initiatorSpi);
  const { rounds, clear } = await deleteChildren(world, hosts, 120_000);
  expect(clear).toBeLessThanOrEqual(most);
  expect(rounds).toBeGreaterThan(6);
  expect(rounds).toBeLessThan(14);
  // It is still tried, and what stays ends the pauses.
  const end = world.clock.now() + 100_000;
  while (world.clock.now() < end) {
    carry(moon.kernel, carol.kernel, PACKET);
    await world.pass(1000);
  }
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  await world.during(carol.terminate({ child: 'net' }));
  carry(moon.kernel, carol.kernel, PACKET);
  await world.pass(500);
  carry(moon.kernel, carol.kernel, PACKET);
  await world.pass(500);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  expect(moon.established.map(({ initiatorSpi }) => initiatorSpi)).toEqual([ike]);
});

test('whoever wants the CHILD_SA during a pause gets it at once, and one only', async () => {
  await using world = new World();
  const hosts = await pair(world, { moonChild: { closeAction: again } });
  const [moon, carol] = hosts;
  await world.during(moon.initiate('net'));
  await deleteChildren(world, hosts, 20_000);
  expect(moon.children).toEqual([]);
  const before = world.clock.now();
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(world.clock.now() - before).toBeLessThan(500);
  await world.pass(60_000);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
});

test('a CHILD_SA that was unloaded during a pause does not come back', async () => {
  await using world = new World();
  const hosts = await pair(world, { moonChild: { closeAction: again } });
  const [moon, carol] = hosts;
  await world.during(moon.initiate('net'));
  await deleteChildren(world, hosts, 20_000);
  await moon.daemon.control.unloadConnection('gw');
  await world.pass(60_000);
  expect([moon.children, carol.children]).toEqual([[], []]);
});

test('a CHILD_SA that comes back in a pause comes back in the successor of its IKE_SA', async () => {
  await using world = new World();
  const hosts = await pair(world, { moonChild: { closeAction: again } });
  const [moon, carol] = hosts;
  await world.during(moon.initiate('net'));
  await deleteChildren(world, hosts, 20_000);
  for (const sa of moon.daemon.manager.tables.byId.values()) sa.rekeyIke();
  await world.pass(60_000);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
});

test('a peer that deletes the IKE_SA whenever a packet meets the trap is not asked again without a pause', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: { startAction: { trap: true, start: false } },
  });
  let rounds = 0;
  for (let tick = 0; tick < 2400; tick++) {
    carry(moon.kernel, carol.kernel, PACKET);
    await world.pass(50);
    for (const sa of carol.daemon.manager.tables.byId.values()) {
      if (!sa.up || sa.ending) continue;
      rounds++;
      sa.delete('away');
    }
  }
  expect(rounds).toBeGreaterThan(6);
  expect(rounds).toBeLessThan(14);
});
