import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { pair } from '../pair.ts';
import { dynamic } from '../roadwarriors.ts';
import { World } from '../world.ts';

test('an address that went with its interface comes back before the routes that name it', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { vips: [ip('0.0.0.0')] },
    carolConnection: { pools: ['a'] },
    moonChild: { localTs: [dynamic] },
    carolChild: { remoteTs: [dynamic] },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const [route] = moon.kernel.routes.values();
  expect(route).toMatchObject({ destination: '10.2.0.0', source: '10.3.0.1' });
  moon.kernel.virtualIps.clear();
  moon.kernel.routes.clear();
  moon.kernel.reroute();
  await world.pass(1000);
  expect([...moon.kernel.virtualIps]).toEqual([['10.3.0.1', 'eth0']]);
  expect([...moon.kernel.routes.values()]).toEqual([route]);
  await world.during(moon.terminate({ ike: 'gw' }));
  expect(moon.kernel.empty).toBe(true);
});
