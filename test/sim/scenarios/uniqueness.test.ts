import { expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { hostSpec } from '../../support/connections.ts';
import { connectionOf, type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** A second host that calls itself moon, as after a change of address. */
async function twin(world: World, unique: ConnectionConfig['unique']): Promise<WorldHost> {
  const host = await world.host('twin', ['192.0.2.9', '10.1.0.1']);
  host.secret('a secret that nobody guesses');
  await host.load({
    ...connectionOf({ connection: { unique } }, 'moon', 'carol'),
    localAddrs: [hostSpec('192.0.2.9')],
  });
  return host;
}

const open = (unique: ConnectionConfig['unique']): PairSetup => ({
  carolConnection: { unique, remoteAddrs: [{ kind: 'any', text: '%any' }] },
});

test('unique = no: INITIAL_CONTACT closes what the peer has forgotten', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, open('no'));
  const other = await twin(world, 'no');
  await world.during(moon.initiate('net'));
  expect(await world.during(other.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.sas).toHaveLength(1);
  expect(carol.sas[0]?.remoteHost).toBe('192.0.2.9');
  expect(carol.kernel.sas.size).toBe(2);
});

test('unique = never: nobody sends INITIAL_CONTACT and nobody obeys it', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, open('never'));
  const other = await twin(world, 'no');
  await world.during(moon.initiate('net'));
  expect(await world.during(other.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.sas).toHaveLength(2);
});

test('unique = never as initiator leaves INITIAL_CONTACT out, so the first one stays', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, open('no'));
  const other = await twin(world, 'never');
  await world.during(moon.initiate('net'));
  expect(await world.during(other.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.sas).toHaveLength(2);
});

test('unique = replace: the older one gets a DELETE', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, open('replace'));
  const other = await twin(world, 'never');
  await world.during(moon.initiate('net'));
  expect(await world.during(other.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.sas.map((sa) => sa.remoteHost)).toEqual(['192.0.2.9']);
  expect(moon.sas).toEqual([]);
  expect(carol.alerts('unique-replace')).toBe(1);
});

test('unique = keep: the newer one is refused', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, open('keep'));
  const other = await twin(world, 'never');
  await world.during(moon.initiate('net'));
  expect(await world.during(other.initiate('net'))).toMatchObject({ ok: false });
  await world.pass(1000);
  expect(carol.sas.map((sa) => sa.remoteHost)).toEqual(['192.0.2.1']);
  expect(moon.established).toHaveLength(1);
  expect(carol.alerts('unique-keep')).toBe(1);
});
