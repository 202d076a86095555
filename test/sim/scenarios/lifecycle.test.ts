import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

test('initiate and terminate, RFC 7296 sections 1.2 and 1.4', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established).toHaveLength(1);
  expect(carol.established).toHaveLength(1);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  expect(await world.during(moon.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  await world.settle(() => carol.sas.length === 0);
  expect(moon.sas).toEqual([]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});
