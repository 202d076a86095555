import { expect, test } from 'vitest';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };
const lazy = (own: PairSetup = {}): PairSetup => ({ ...own, moonChild: { inactivity: 60 } });

test('a CHILD_SA that nobody uses is closed after its inactivity, the IKE_SA stays', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, lazy());
  await world.during(moon.initiate('net'));
  await world.pass(59_000);
  expect(moon.children).toHaveLength(1);
  await world.pass(2000);
  expect(moon.children.length + carol.children.length).toBe(0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(moon.lines).toContain('deleting CHILD_SA after 60 seconds of inactivity');
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test.each(['out', 'in'])('a packet going %s keeps it', async (direction) => {
  await using world = new World();
  const [moon, carol] = await pair(world, lazy());
  await world.during(moon.initiate('net'));
  for (let minute = 0; minute < 10; minute++) {
    await world.pass(50_000);
    const fate =
      direction === 'out'
        ? carry(moon.kernel, carol.kernel, there)
        : carry(carol.kernel, moon.kernel, back);
    expect(fate.kind).toBe('protected');
  }
  const since = world.clock.now();
  await world.settle(() => moon.children.length === 0);
  expect(world.clock.now() - since).toBeGreaterThan(58_000);
  expect(world.clock.now() - since).toBeLessThan(63_000);
});

test('inactivity_close_ike closes the IKE_SA along with its only CHILD_SA', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, lazy({ moonOptions: { inactivity_close_ike: true } }));
  await world.during(moon.initiate('net'));
  await world.pass(62_000);
  expect([moon.sas.length, carol.sas.length]).toEqual([0, 0]);
  expect(moon.daemon.manager.scheduled).toBe(0);
});

test('inactivity_close_ike leaves an IKE_SA that has another CHILD_SA', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonOptions: { inactivity_close_ike: true } });
  const second = {
    proposals: connectionOf({}, 'moon', 'carol').children.get('net')?.proposals ?? [],
  };
  for (const [host, own, peer, inactivity] of [
    [carol, '10.4.0.0/16', '10.3.0.0/16', 0],
    [moon, '10.3.0.0/16', '10.4.0.0/16', 60],
  ] as const) {
    const name = host.name as 'moon' | 'carol';
    const config = connectionOf({}, name, name === 'moon' ? 'carol' : 'moon');
    const other = childConfig('other', {
      ...second,
      inactivity,
      localTs: [{ kind: 'fixed', selector: ts(own) }],
      remoteTs: [{ kind: 'fixed', selector: ts(peer) }],
    });
    await host.load({ ...config, children: new Map([...config.children, ['other', other]]) });
  }
  await world.during(moon.initiate('net'));
  expect(await world.during(moon.initiate('other'))).toEqual({ ok: true });
  await world.pass(70_000);
  expect(moon.children.map(({ name }) => name)).toEqual(['net']);
  expect(carol.children.map(({ name }) => name)).toEqual(['net']);
});

test('without inactivity nothing is ever asked', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.pass(3_000_000);
  expect(moon.children).toHaveLength(1);
});

test.each(['CHILD_SA', 'IKE_SA'])(
  'rekeying of the %s again and again does not keep an unused one',
  async (what) => {
    await using world = new World();
    const [moon, carol] = await pair(world, lazy());
    await world.during(moon.initiate('net'));
    for (let round = 0; round < 5; round++) {
      await world.pass(10_000);
      for (const sa of carol.daemon.manager.tables.byId.values()) {
        if (what === 'IKE_SA') sa.rekeyIke();
        else for (const child of sa.children.values()) sa.rekeyChild(child);
      }
    }
    expect(moon.children).toHaveLength(1);
    await world.pass(12_000);
    expect(moon.children.length + carol.children.length).toBe(0);
    expect(moon.lines).toContain('deleting CHILD_SA after 60 seconds of inactivity');
  },
);
