import { expect, test } from 'vitest';
import { ConfNode } from '../../../daemon/config/conf-tree.ts';
import { resolveOptions } from '../../../daemon/config/resolve-options.ts';
import { parseConfText } from '../../../daemon/config/strongswan-conf.ts';
import { MemoryFiles } from '../../support/memory-files.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { places } from '../pair.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const poolOf = (host: WorldHost, name = 'a') => host.daemon.control.pools.list(name, true)[0];

test('300 clients: each its own address, the same one when it comes back, full pool, all gone', async () => {
  await using world = new World();
  const carol = await gateway(world);
  // One address short of what is needed; the second pool has it.
  carol.pool('a', '10.3.0.1-10.3.1.43');
  carol.pool('b', '10.4.0.1');
  const clients: WorldHost[] = [];
  for (let n = 0; n < 300; n++) clients.push(await roadwarrior(world, n));
  const outcomes = await world.during(Promise.all(clients.map((one) => one.initiate('net'))));
  expect(outcomes.filter((outcome) => !outcome.ok)).toEqual([]);

  const addressOf = (client: WorldHost) => client.established[0]?.localVips[0];
  const before = clients.map(addressOf);
  expect(new Set(before).size).toBe(300);
  expect(before).toContain('10.4.0.1');
  expect(poolOf(carol)).toMatchObject({ size: 299, online: 299, offline: 0 });
  for (const client of clients.filter((_, n) => n % 50 === 0)) {
    const source = addressOf(client) ?? ip('0.0.0.0');
    const packet = { source, destination: ip(places.carol.inside) };
    expect(carry(client.kernel, carol.kernel, packet).kind).toBe('protected');
  }

  const late = await roadwarrior(world, 300);
  expect((await world.during(late.initiate('net'))).ok).toBe(false);

  // A hundred go away and come back, in another order.
  const some = clients.filter((_, n) => n % 3 === 0);
  await world.during(Promise.all(some.map((one) => one.terminate({ ike: 'gw' }))));
  await world.settle(() => carol.children.length === 200);
  expect(poolOf(carol)?.offline).toBeGreaterThanOrEqual(99);
  await world.during(Promise.all(some.reverse().map((one) => one.initiate('net'))));
  expect(clients.map(addressOf)).toEqual(before);

  await world.during(carol.terminate({ ike: 'gw' }, true), 7_200_000);
  await world.settle(() => clients.every((one) => one.sas.length === 0));
  expect(poolOf(carol)).toMatchObject({ online: 0, offline: 299 });
  expect(carol.kernel.empty).toBe(true);
  expect(clients.every((one) => one.kernel.empty)).toBe(true);
}, 60_000);

test('a full pool takes the address of whoever is away for longest', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.1-10.3.0.2');
  const [x, y, z] = [
    await roadwarrior(world, 1),
    await roadwarrior(world, 2),
    await roadwarrior(world, 3),
  ];
  for (const one of [x, y]) {
    expect(await world.during(one.initiate('net'))).toEqual({ ok: true });
    await world.during(one.terminate({ ike: 'gw' }));
    await world.settle(() => carol.sas.length === 0);
  }
  expect(await world.during(z.initiate('net'))).toEqual({ ok: true });
  expect(z.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(await world.during(x.initiate('net'))).toEqual({ ok: true });
  expect(x.established[0]?.localVips).toEqual(['10.3.0.2']);
  expect((await world.during(y.initiate('net'))).ok).toBe(false);
});

test('unique = replace: the new IKE_SA of a peer takes over the address of the old one', async () => {
  await using world = new World();
  const carol = await gateway(world, { unique: 'replace' });
  carol.pool('a', '10.3.0.1');
  const first = await roadwarrior(world, 1, { unique: 'never' }, 'carol-phone');
  const second = await roadwarrior(world, 2, { unique: 'never' }, 'carol-phone');
  expect(await world.during(first.initiate('net'))).toEqual({ ok: true });
  expect(await world.during(second.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => first.sas.length === 0 && carol.sas.length === 1);
  expect(second.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(poolOf(carol)).toMatchObject({ online: 1, offline: 0 });
  const packet = { source: ip(places.carol.inside), destination: ip('10.3.0.1') };
  expect(carry(carol.kernel, second.kernel, packet).kind).toBe('protected');
});

test('unique = no: two hosts with one identity have two addresses', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const first = await roadwarrior(world, 1, { unique: 'never' }, 'shared');
  const second = await roadwarrior(world, 2, { unique: 'never' }, 'shared');
  expect(await world.during(first.initiate('net'))).toEqual({ ok: true });
  expect(await world.during(second.initiate('net'))).toEqual({ ok: true });
  expect([first, second].map((one) => one.established[0]?.localVips)).toEqual([
    ['10.3.0.1'],
    ['10.3.0.2'],
  ]);
});

test('two IKE_SAs of one host that are given the same address share it on the interface', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.1');
  const host = await roadwarrior(world, 1);
  expect(await world.during(host.initiate('net'))).toEqual({ ok: true });
  // As a reauthentication does it: a second IKE_SA that asks for the address of the first.
  const [connection] = host.daemon.control.connections();
  if (connection === undefined) throw new TypeError('no connection');
  await host.load({ ...connection, name: 'again', vips: [ip('10.3.0.1')] });
  const again = host.daemon.control.initiate(
    { child: 'net', ike: 'again', timeout: 0, initLimits: false },
    () => undefined,
    new AbortController().signal,
  );
  expect(await world.during(again)).toEqual({ ok: true });
  expect(host.established.map((sa) => sa.localVips)).toEqual([['10.3.0.1'], ['10.3.0.1']]);
  expect(poolOf(carol)).toMatchObject({ online: 1 });
  await world.during(host.terminate({ ike: 'gw' }));
  expect([...host.kernel.virtualIps.keys()]).toEqual(['10.3.0.1']);
  await world.settle(() => carol.sas.length === 1);
  expect(poolOf(carol)).toMatchObject({ online: 1 });
  await world.during(host.terminate({ ike: 'again' }));
  expect(host.kernel.empty).toBe(true);
  await world.settle(() => carol.sas.length === 0);
  expect(poolOf(carol)).toMatchObject({ online: 0, offline: 1 });
});

test('a pool in use cannot be unloaded, and one that is gone gives nothing', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
  const host = await roadwarrior(world, 1);
  expect(await world.during(host.initiate('net'))).toEqual({ ok: true });
  const { pools } = carol.daemon.control;
  expect(pools.unload('a').ok).toBe(false);
  await world.during(host.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  expect(pools.unload('a')).toEqual({ ok: true });
  expect((await world.during(host.initiate('net'))).ok).toBe(false);
});

test('what section plugins.attr lists goes to every peer with an address', async () => {
  await using world = new World();
  const text = 'charon { plugins { attr { dns = 10.2.0.7 \n split-include = 10.2.0.0/16 } } }';
  const tree = ConfNode.of(parseConfText(text, '/s.conf', new MemoryFiles({})));
  const { attributes } = resolveOptions(tree).options;
  const carol = await gateway(world, {}, { attributes });
  carol.pool('a', '10.3.0.0/24');
  const client = await roadwarrior(world, 1);
  expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  expect(client.nameServers.addresses).toEqual(['10.2.0.7']);
});
