import { expect, test } from 'vitest';
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
  // Three at once, then after 1, 2, 4, 8, 16, 30, 30 seconds.
  expect(rounds).toBeGreaterThan(6);
  expect(rounds).toBeLessThan(13);
  // It is still tried, and what stays ends the pauses.
  await world.pass(100_000);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  for (const sa of carol.daemon.manager.tables.byId.values()) sa.delete('away');
  await world.pass(500);
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
