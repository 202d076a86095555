import { expect, test } from 'vitest';
import { authRound } from '../../support/connections.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';

// With remote id %any the identity of the peer is known after IKE_AUTH only, but the connection is known before.
test('a second IKE_SA of a connection is no initial contact, whoever the peer may be', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    options: { reuse_ikesa: false },
    moonConnection: { remote: [authRound()] },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.lines.join('\n')).not.toContain('received INITIAL_CONTACT');
  expect([moon.established.length, carol.established.length]).toEqual([2, 2]);
});

test('a daemon that shuts down starts nothing any more', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const down = moon.daemon.shutdown();
  const late = moon.initiate('net');
  expect(await world.during(late, 1000)).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('shutting down'),
  });
  await world.during(down);
  await world.pass(1000);
  expect(moon.sas).toEqual([]);
  expect(moon.kernel.empty).toBe(true);
  expect(carol.kernel.empty).toBe(true);
});
