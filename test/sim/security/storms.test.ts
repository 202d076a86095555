import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, tunnel } from '../moving.ts';
import { connectionOf, pair, places } from '../pair.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

// Faults that come in great numbers, and limits that are reached at the worst moment.

const count = (host: WorldHost, pattern: RegExp): number =>
  host.lines.filter((line) => pattern.test(line)).length;

test('expire storm: the soft lifetimes of all CHILD_SAs at once are fifty rekeyings a second, each done once', async () => {
  await using world = new World({ light: true });
  const carol = await gateway(world, { unique: 'never' });
  carol.pool('a', '10.77.0.0/16');
  for (let n = 0; n < 120; n++) {
    const client = await roadwarrior(world, n);
    expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  }
  const before = new Set(carol.children.map(({ installed }) => installed?.spiIn));
  expect(before.size).toBe(120);
  const rekeyed = () => carol.events.filter(({ kind }) => kind === 'child-rekey').length;
  // Both SAs of each tell.
  for (const { installed } of [...carol.children]) {
    carol.kernel.expire(installed?.spiIn as ChildSpi, false);
    carol.kernel.expire(installed?.spiOut as ChildSpi, false);
  }
  await world.pass(900);
  expect(rekeyed()).toBeGreaterThan(40);
  expect(rekeyed()).toBeLessThanOrEqual(100);
  await world.pass(30_000);
  expect(rekeyed()).toBe(120);
  const after = carol.children.map(({ installed }) => installed?.spiIn);
  expect(after).toHaveLength(120);
  expect(after.filter((spi) => before.has(spi))).toEqual([]);
});

test('acquire storm: a thousand packets a second towards a dead peer make one attempt of each trap', async () => {
  await using world = new World();
  const [moon] = await pair(world, {});
  const trapped = (n: number): [string, ChildConfig] => [
    `net-${n}`,
    {
      ...childConfig(`net-${n}`),
      startAction: { trap: true, start: false },
      localTs: [{ kind: 'fixed', selector: ts('10.1.0.0/16') }],
      remoteTs: [{ kind: 'fixed', selector: ts(`10.9.${n}.0/24`) }],
    },
  ];
  const children = new Map(Array.from({ length: 100 }, (_, n) => trapped(n)));
  await world.during(moon.load({ ...connectionOf({}, 'moon', 'carol'), name: 'many', children }));
  world.network.link = { ...world.network.link, loss: 1 };
  const lines = moon.lines.length;
  for (let tenth = 0; tenth < 100; tenth++) {
    for (let n = 0; n < 100; n++) {
      moon.kernel.raise({
        kind: 'acquire',
        reqid: n + 1,
        source: ts(`10.1.0.${tenth}/32`),
        destination: ts(`10.9.${n}.${tenth}/32`),
        wanted: {
          source: ip(places.moon.address),
          destination: ip(places.carol.address),
          protocol: 50,
          mode: 'tunnel',
          reqid: n + 1,
        },
      });
    }
    await world.pass(100);
  }
  expect(count(moon, /^creating acquire job/)).toBe(100);
  expect(moon.sas).toHaveLength(1);
  // Ten thousand acquires: a few lines for each trap.
  expect(moon.lines.length - lines).toBeLessThan(1000);
});

test('a hundred changes of address in ten seconds: the tunnel is where the host is in the end, and few updates were sent', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const before = count(moon, /^generating INFORMATIONAL request/);
  for (let flap = 0; flap < 100; flap++) {
    moon.readdress(flap % 2 === 0 ? ELSEWHERE : places.moon.address, places.moon.inside);
    await world.pass(100);
  }
  await world.pass(20_000);
  // Both addresses it has now will do.
  const [local] = endsOf(moon);
  expect([`${places.moon.address}[4500]`, `${places.moon.inside}[4500]`]).toContain(local);
  expect(endsOf(carol)[1]).toBe(local);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect(count(moon, /^generating INFORMATIONAL request/) - before).toBeLessThan(110);
});

const THERE = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const BACK = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

test.each([0, 15, 30, 45, 60, 75, 90, 105])(
  'EX-23 hard limit in octets %i ms into a rekeying by both: traffic flows again, and no policy leads nowhere',
  async (millis) => {
    for (const victim of ['in', 'out'] as const) {
      await using world = new World();
      const [moon, carol] = await pair(world, {});
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      await world.settle(() => carol.children.length === 1);
      const [installed] = moon.children.map((child) => child.installed);
      const spi = (victim === 'in' ? installed?.spiIn : installed?.spiOut) as ChildSpi;
      for (const host of [moon, carol]) {
        host.kernel.expire(host.children[0]?.installed?.spiIn as ChildSpi, false);
      }
      await world.pass(millis);
      moon.kernel.expire(spi, true);
      await world.pass(30_000);
      expect([moon.children.length, carol.children.length], victim).toEqual([1, 1]);
      expect(carry(moon.kernel, carol.kernel, THERE).kind).toBe('protected');
      expect(carry(carol.kernel, moon.kernel, BACK).kind).toBe('protected');
      for (const host of [moon, carol]) {
        expect(host.kernel.policies.size).toBe(3);
        expect(host.kernel.sas.size).toBe(2);
      }
    }
  },
);
