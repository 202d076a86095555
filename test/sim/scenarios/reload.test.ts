import { describe, expect, test } from 'vitest';
import type { ChildConfig, ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import type { ConnectionChange } from '../../../daemon/control/connection-change.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const START = { startAction: { trap: false, start: true } };
const GW = connectionOf({}, 'moon', 'carol');
const NET = GW.children.get('net') as ChildConfig;
const more = (members: Partial<ChildConfig> = {}): ChildConfig =>
  childConfig('more', {
    proposals: NET.proposals,
    localTs: [{ kind: 'fixed', selector: ts('10.1.9.0/24') }],
    remoteTs: [{ kind: 'fixed', selector: ts('10.2.9.0/24') }],
    ...members,
  });

/** moon's connection with other children. */
function withChildren(...children: readonly ChildConfig[]): ConnectionConfig {
  return { ...GW, children: new Map(children.map((child) => [child.name, child])) };
}

/** Loads it at moon; what was foretold must be what happened. */
async function reload(moon: WorldHost, config: ConnectionConfig): Promise<ConnectionChange> {
  const { control } = moon.daemon;
  const foretold = control.previewLoad(config);
  const change = await control.loadConnection(config);
  expect(change).toEqual(foretold);
  return change;
}

/** Who is up, by number: an SA that is closed and made again has another one. */
function up(host: WorldHost): readonly string[] {
  return host.established.flatMap((sa) => [
    `gw[${sa.uniqueId}]`,
    ...sa.children.map((child) => `${child.name}{${child.uniqueId}}`),
  ]);
}

async function connected(world: World, setup: PairSetup = {}) {
  const [moon, carol] = await pair(world, {
    carolConnection: {
      children: new Map([NET, more()].map((child) => [child.name, mirror(child)])),
    },
    ...setup,
  });
  if (setup.moonChild?.startAction?.start !== true)
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => moon.children.length > 0 && carol.children.length > 0);
  return [moon, carol] as const;
}

function mirror(child: ChildConfig): ChildConfig {
  return { ...child, localTs: child.remoteTs, remoteTs: child.localTs };
}

const flows = (moon: WorldHost, carol: WorldHost): void =>
  expect(
    carry(moon.kernel, carol.kernel, { source: ip('10.1.0.5'), destination: ip('10.2.0.5') }),
  ).toMatchObject({ kind: 'protected' });

test('loading the same again sends nothing, asks the kernel for nothing and says nothing', async () => {
  await using world = new World();
  const [moon, carol] = await connected(world, { moonChild: START });
  const config = connectionOf({ moonChild: START }, 'moon', 'carol');
  const before = [
    up(moon),
    up(carol),
    moon.kernel.calls.length,
    moon.lines.length,
    moon.events.length,
  ];
  expect(await reload(moon, config)).toEqual({
    outcome: 'unchanged',
    keys: [],
    children: [],
    closed: { total: 0, some: [] },
    kept: { total: 0, some: [] },
  });
  await world.pass(5000);
  expect([
    up(moon),
    up(carol),
    moon.kernel.calls.length,
    moon.lines.length,
    moon.events.length,
  ]).toEqual(before);
});

describe('a child that changes', () => {
  test('and is not started goes on as it is; what is set up next has the new settings', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world);
    const calls = moon.kernel.calls.length;
    const longer = { ...NET, time: { rekey: 7200, life: 7920, rand: 720 } };
    expect(await reload(moon, withChildren(longer, more()))).toMatchObject({
      outcome: 'updated',
      keys: [],
      children: [
        { name: 'net', what: 'changed', keys: ['rekey_time', 'life_time', 'rand_time'] },
        { name: 'more', what: 'added' },
      ],
      closed: { total: 0 },
      kept: {
        total: 1,
        some: [{ name: 'gw', uniqueId: 1, ike: false, children: [{ name: 'net', uniqueId: 1 }] }],
      },
    });
    expect(moon.kernel.calls).toHaveLength(calls);
    flows(moon, carol);
    // Within the same IKE_SA, although its children are others than it began with.
    expect(await world.during(moon.initiate('more'))).toEqual({ ok: true });
    expect(up(moon)).toEqual(['gw[1]', 'net{1}', 'more{2}']);
    expect(await world.during(moon.terminate({ child: 'net' }))).toMatchObject({ ok: true });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    const sa = moon.daemon.manager.tables.byId.get(1);
    const fresh = [...(sa?.children.values() ?? [])].find(({ config }) => config.name === 'net');
    expect(fresh?.terms.lifetime.hardSeconds).toBe(7920);
  });

  test('and is started is closed and set up again, in the same IKE_SA; others are not touched', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, {
      moonConnection: { children: new Map([NET, more(START)].map((child) => [child.name, child])) },
    });
    await world.settle(() => moon.children.length === 2);
    const ids = new Map(moon.children.map(({ name, uniqueId }) => [name, uniqueId]));
    const change = await reload(moon, withChildren(NET, more({ ...START, priority: 7 })));
    expect(change).toMatchObject({
      outcome: 'updated',
      children: [{ name: 'more', what: 'changed', keys: ['priority'] }],
      closed: {
        total: 1,
        some: [{ ike: false, children: [{ name: 'more', uniqueId: ids.get('more') }] }],
      },
      kept: { total: 0 },
    });
    flows(moon, carol);
    await world.settle(() => up(moon).includes('more{3}') && moon.children.length === 2);
    expect(up(moon)).toEqual(['gw[1]', `net{${ids.get('net')}}`, 'more{3}']);
    await world.settle(() => carol.children.length === 2);
    flows(moon, carol);
  });

  test('alone in its IKE_SA is set up again within it', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, { moonChild: START });
    const child = { ...NET, ...START, priority: 7 };
    expect((await reload(moon, withChildren(child))).closed.some).toMatchObject([{ ike: false }]);
    await world.settle(() => up(moon).includes('net{2}'));
    expect(up(moon)).toEqual(['gw[1]', 'net{2}']);
    await world.settle(() => up(carol).length === 2);
  });
});

describe('a child that goes', () => {
  test('closes what it started, with the IKE_SA if there is nothing else', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, { moonChild: START });
    const change = await reload(moon, withChildren(more()));
    expect(change.closed).toMatchObject({
      total: 1,
      some: [{ ike: true, children: [{ name: 'net' }] }],
    });
    expect(change.kept.total).toBe(0);
    await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
    expect(moon.kernel.empty).toBe(true);
  });

  test('leaves what was asked for by hand', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world);
    expect((await reload(moon, withChildren(more()))).kept).toMatchObject({
      total: 1,
      some: [{ ike: false, children: [{ name: 'net' }] }],
    });
    await world.pass(5000);
    expect(up(moon)).toEqual(['gw[1]', 'net{1}']);
    flows(moon, carol);
    // It is rekeyed as it was made.
    await world.during(moon.daemon.control.rekey({ child: 'net', reauth: false }));
    await world.settle(() => moon.children.some(({ uniqueId }) => uniqueId === 2));
    flows(moon, carol);
  });
});

describe('an IKE part that changes', () => {
  test('starts anew what was started', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, { moonChild: START });
    const changed = { ...connectionOf({ moonChild: START }, 'moon', 'carol'), dpdDelay: 30 };
    expect(await reload(moon, changed)).toMatchObject({
      outcome: 'replaced',
      keys: ['dpd_delay'],
      children: [],
      closed: { total: 1, some: [{ uniqueId: 1, ike: true }] },
      kept: { total: 0 },
    });
    await world.settle(() => up(moon).join() === 'gw[2],net{2}' && carol.established.length === 1);
    flows(moon, carol);
  });

  test('leaves what peers and people set up, which says so at every change until it is gone', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world);
    const kept = { total: 1, some: [{ name: 'gw', uniqueId: 1, ike: true, children: [] }] };
    expect(await reload(moon, { ...GW, dpdDelay: 30 })).toMatchObject({
      outcome: 'replaced',
      kept,
    });
    expect(await reload(moon, { ...GW, dpdDelay: 30, encap: true })).toMatchObject({ kept });
    expect(
      await reload(carol, { ...connectionOf({}, 'carol', 'moon'), dpdDelay: 9 }),
    ).toMatchObject({ kept });
    // Back to what it runs with: nothing is old any more.
    expect(await reload(moon, GW)).toMatchObject({ kept: { total: 0 } });
    expect(up(moon)).toEqual(['gw[1]', 'net{1}']);
    flows(moon, carol);
  });

  test('makes the next child an IKE_SA of its own, as configured now', async () => {
    await using world = new World();
    const [moon] = await connected(world);
    await reload(moon, { ...withChildren(NET, more()), dpdDelay: 30 });
    expect(await world.during(moon.initiate('more'))).toEqual({ ok: true });
    expect(moon.daemon.manager.tables.byId.get(2)?.connection?.dpdDelay).toBe(30);
  });
});

test('a connection that is removed closes what it started and keeps the rest', async () => {
  await using world = new World();
  const [moon, carol] = await connected(world);
  const { control } = moon.daemon;
  const foretold = control.previewUnload('gw');
  expect(foretold).toMatchObject({
    outcome: 'removed',
    closed: { total: 0 },
    kept: { total: 1, some: [{ ike: true, children: [{ name: 'net' }] }] },
  });
  expect(await control.unloadConnection('gw')).toEqual(foretold);
  expect(await control.unloadConnection('gw')).toBeUndefined();
  await world.pass(5000);
  flows(moon, carol);
  expect(await reload(moon, GW)).toMatchObject({ outcome: 'added' });
  expect(up(moon)).toEqual(['gw[1]', 'net{1}']);
});

test('loading while the IKE_SA is being set up counts once it is up', async () => {
  await using world = new World({ link: { latency: 200 } });
  const [moon, carol] = await pair(world, {
    carolConnection: {
      children: new Map([NET, more()].map((child) => [child.name, mirror(child)])),
    },
  });
  const initiated = moon.initiate('net');
  await world.pass(100);
  expect(await reload(moon, withChildren(NET, more()))).toMatchObject({ outcome: 'updated' });
  expect(await world.during(initiated)).toEqual({ ok: true });
  expect(await world.during(moon.initiate('more'))).toEqual({ ok: true });
  expect(up(moon)).toEqual(['gw[1]', 'net{1}', 'more{2}']);
  await world.settle(() => carol.children.length === 2);
});

test('children under old settings keep them over the death of the daemon', async () => {
  await using world = new World();
  const [moon, carol] = await connected(world, { options: { state_journal: true } });
  const narrower = { ...NET, reqid: 77 };
  await reload(moon, withChildren(narrower, more()));
  moon.kill();
  await world.pass(500);
  moon.reborn();
  await moon.start();
  moon.secret('a secret that nobody guesses');
  const change = await reload(moon, withChildren(narrower, more()));
  expect(change).toMatchObject({
    outcome: 'added',
    kept: { total: 1, some: [{ ike: false, children: [{ name: 'net', uniqueId: 1 }] }] },
  });
  flows(moon, carol);
  expect(await world.during(moon.initiate('more'))).toEqual({ ok: true });
  expect(up(moon)).toEqual(['gw[1]', 'net{1}', 'more{2}']);
});

test('of many IKE_SAs some are named and all are counted', async () => {
  await using world = new World({ light: true });
  const [moon, carol] = await pair(world, {
    connection: { unique: 'never' },
    options: { reuse_ikesa: false },
  });
  for (let i = 0; i < 20; i++)
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.established.length === 20);
  const { kept } = await reload(carol, { ...connectionOf({}, 'carol', 'moon'), dpdDelay: 30 });
  expect(kept.total).toBe(20);
  expect(kept.some).toHaveLength(16);
});

test('a hundred loads a second for a minute of rekeying cost no packet and no SA', async () => {
  await using world = new World({ light: true });
  const hurried = { rekeyTime: 10, overTime: 60, randTime: 2, reauthTime: 0 };
  const [moon, carol] = await connected(world, { connection: hurried });
  const variants = [0, 1, 2].map((n) => ({
    ...withChildren({ ...NET, inactivity: 100 * n }, ...(n === 1 ? [more()] : [])),
    ...hurried,
    dpdDelay: 30 + n,
  }));
  const [first] = variants;
  if (first === undefined) throw new TypeError('no variants');
  const way = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  const back = { source: way.destination, destination: way.source };
  let rekeyed = 0;
  for (let load = 0; load < 6000; load++) {
    await moon.load(variants[load % variants.length] ?? first);
    await world.pass(10);
    expect(carry(moon.kernel, carol.kernel, way).kind).toBe('protected');
    expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
    if (load % 500 !== 499) continue;
    // The kernel tells of the soft lifetime.
    const [child] = moon.children;
    moon.kernel.expire(child?.installed?.spiIn as ChildSpi, false);
    rekeyed++;
  }
  await world.pass(5000);
  const events = (kind: string): number =>
    moon.events.filter((event) => event.kind === kind).length;
  expect(events('child-rekey')).toBe(rekeyed);
  expect(events('ike-rekey')).toBeGreaterThan(4);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  expect(events('ike-updown')).toBe(1);
});
