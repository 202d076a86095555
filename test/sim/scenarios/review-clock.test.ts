import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';

const HOUR = 3_600_000;
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
