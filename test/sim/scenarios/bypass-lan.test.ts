import { expect, test } from 'vitest';
import type { DaemonOptions } from '../../../daemon/config/options.ts';
import { tunnel } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const ON = { 'plugins.bypass-lan.load': true } as const;

function passed(host: WorldHost): readonly string[] {
  return host.daemon.control
    .policies()
    .map(({ ike, child, mode, localTs, remoteTs }) =>
      [ike, child, mode, ...localTs, ...remoteTs].join(' '),
    );
}

const pass = (network: string): string =>
  `bypass-lan Bypass LAN ${network} pass ${network} ${network}`;

test('traffic within the attached networks passes, and follows the addresses of the host', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { moonOptions: ON });
  expect(passed(moon)).toEqual([pass('192.0.2.0/24'), pass('10.1.0.0/24')]);
  expect(passed(carol)).toEqual([]);
  const allowed = () =>
    [...moon.kernel.policies.values()]
      .filter(({ templates }) => templates.length === 0)
      .map(({ direction, action }) => `${direction} ${action}`);
  const each = ['in allow', 'fwd allow', 'out allow'];
  expect(allowed().sort()).toEqual([...each, ...each].sort());
  moon.readdress(places.moon.address, '10.9.0.1');
  await world.pass(1000);
  expect(passed(moon)).toEqual([pass('192.0.2.0/24'), pass('10.9.0.0/24')]);
  expect(allowed()).toHaveLength(6);
  await world.during(moon.daemon.shutdown());
  expect(moon.kernel.empty).toBe(true);
});

test.each<[Partial<DaemonOptions>, number]>([
  [{ 'plugins.bypass-lan.interfaces_ignore': ['eth0'] }, 0],
  [{ 'plugins.bypass-lan.interfaces_ignore': ['eth1'] }, 2],
  [{ 'plugins.bypass-lan.interfaces_use': ['eth1'] }, 0],
  [
    {
      'plugins.bypass-lan.interfaces_use': ['eth0'],
      'plugins.bypass-lan.interfaces_ignore': ['eth0'],
    },
    2,
  ],
])('only networks of the interfaces asked for: %o', async (options, expected) => {
  await using world = new World();
  const [moon] = await tunnel(world, { moonOptions: { ...ON, ...options } });
  expect(passed(moon)).toHaveLength(expected);
});

test('what the kernel refuses is said, and the rest goes on', async () => {
  await using world = new World();
  const host = await world.host('lonely', ['192.0.2.9', '2001:db8::9'], ON);
  expect(passed(host)).toEqual([pass('192.0.2.0/24'), pass('2001:db8::/64')]);
  host.kernel.refuse((operation) => (operation === 'addPolicy' ? 'ENOMEM' : undefined));
  host.readdress('192.0.2.9', '203.0.113.9');
  await world.pass(1000);
  expect(passed(host)).toEqual([pass('192.0.2.0/24')]);
  expect(host.lines).toContainEqual(
    expect.stringMatching(/^installing bypass policy for 203\.0\.113\.0\/24 failed: .*ENOMEM/),
  );
});
