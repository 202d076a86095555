import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { ANY_UPPER } from '../../../daemon/proto/traffic-selector-math.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry, type DataPacket, leavesInClear } from '../carry.ts';
import { connectionOf, type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const TRAP = { startAction: { trap: true, start: false } };
const BOTH = { trap: true, start: true };
const there: DataPacket = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

const policies = (host: WorldHost) => host.daemon.control.policies();
const names = (host: WorldHost) => policies(host).map(({ ike, child }) => `${ike}/${child}`);
const install = (host: WorldHost, child: string) => host.daemon.control.install(child, undefined);
const uninstall = (host: WorldHost, child: string, ike?: string) =>
  host.daemon.control.uninstall(child, ike);

function fixed(text: string, protocol?: number): ChildConfig['localTs'] {
  return [{ kind: 'fixed', selector: ts(text, protocol) }];
}

/** moon's connection with these children instead of `net`. */
function withChildren(...children: readonly ChildConfig[]) {
  const config = connectionOf({}, 'moon', 'carol');
  return { ...config, children: new Map(children.map((child) => [child.name, child])) };
}

/** Counts calls into the kernel after which the packet would leave readable. */
function leaksOf(host: WorldHost, packet: DataPacket): () => number {
  let leaks = 0;
  host.kernel.watch(() => {
    if (leavesInClear(host.kernel, packet)) leaks += 1;
  });
  return () => leaks;
}

test('shunts pass or drop, by the numbers of charon, with a throw route for what passes', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP });
  await moon.load(
    withChildren(
      childConfig('net', {
        ...TRAP,
        localTs: fixed('10.1.0.0/16'),
        remoteTs: fixed('10.2.0.0/16'),
      }),
      childConfig('byp', {
        ...TRAP,
        mode: 'pass',
        localTs: fixed('10.1.0.0/16'),
        remoteTs: fixed('10.2.9.0/24'),
      }),
      childConfig('tcp', {
        ...TRAP,
        mode: 'pass',
        localTs: fixed('10.1.0.0/16'),
        remoteTs: fixed('192.0.2.0/24', 6),
      }),
      childConfig('drp', {
        ...TRAP,
        mode: 'drop',
        localTs: [{ kind: 'dynamic', upper: ANY_UPPER }],
        remoteTs: fixed('10.0.0.0/8'),
      }),
    ),
  );
  expect(policies(moon)).toMatchObject([
    { kind: 'trap', child: 'net', mode: 'tunnel', reqid: 1 },
    { kind: 'pass', child: 'byp', localTs: ['10.1.0.0/16'], remoteTs: ['10.2.9.0/24'] },
    { kind: 'pass', child: 'tcp', remoteTs: ['192.0.2.0/24[tcp]'] },
    { kind: 'drop', child: 'drp', localTs: ['dynamic'], remoteTs: ['10.0.0.0/8'] },
  ]);
  const of = (action: string, first: number) =>
    [...moon.kernel.policies.values()]
      .filter((one) => one.action === action && one.source.startAddress[0] === first)
      .map(({ direction, priority, templates }) => [direction, priority, templates.length]);
  expect(of('block', 10)).toEqual([
    ['in', 595903, 0],
    ['fwd', 595903, 0],
  ]);
  expect(of('block', 0)).toEqual([['out', 595903, 0]]);
  expect(of('allow', 192)).toEqual([
    ['in', 179263, 0],
    ['fwd', 179263, 0],
  ]);
  expect([...moon.kernel.routes.values()]).toContainEqual({
    destination: '10.2.9.0',
    prefix: 24,
    table: 220,
    type: 'throw',
  });
  expect(moon.kernel.routes.size).toBe(2);

  const to = (destination: string) =>
    carry(moon.kernel, carol.kernel, { source: ip('10.1.0.5'), destination: ip(destination) });
  expect(to('10.2.9.1')).toEqual({ kind: 'clear' });
  expect(to('10.2.8.1')).toEqual({ kind: 'held' });
  expect(to('10.99.0.1')).toEqual({ kind: 'dropped', why: 'blocked by policy' });
  expect(await uninstall(moon, 'drp')).toEqual({ ok: true });
  expect(to('10.99.0.1')).toEqual({ kind: 'clear' });
  expect(await uninstall(moon, 'drp')).toEqual({ ok: false, errmsg: "policy 'drp' not found" });
});

test('a shunt is neither initiated nor chosen for a peer', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: { mode: 'pass', startAction: BOTH, remoteTs: fixed('10.2.0.0/16') },
  });
  await world.pass(1000);
  expect(moon.sas).toHaveLength(0);
  expect(await moon.initiate('net')).toEqual({
    ok: false,
    errmsg: "CHILD_SA 'net' has mode pass: it is installed, not initiated",
  });
  expect(await world.during(carol.initiate('net'))).toMatchObject({ ok: false });
  expect(moon.children).toHaveLength(0);
});

test('uninstall takes shunts before traps, and the connection that is named', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: TRAP });
  const other = withChildren(
    childConfig('net', { ...TRAP, mode: 'pass', remoteTs: fixed('10.8.0.0/16') }),
  );
  await moon.load({ ...other, name: 'other' });
  const third = withChildren(
    childConfig('net', {
      ...TRAP,
      localTs: fixed('10.1.0.0/16'),
      remoteTs: fixed('10.7.0.0/16'),
    }),
  );
  await moon.load({ ...third, name: 'third' });
  expect(names(moon)).toEqual(['gw/net', 'third/net', 'other/net']);
  expect(await uninstall(moon, 'net', 'nobody')).toMatchObject({ ok: false });
  await uninstall(moon, 'net');
  expect(names(moon)).toEqual(['gw/net', 'third/net']);
  await uninstall(moon, 'net', 'third');
  expect(names(moon)).toEqual(['gw/net']);
  await uninstall(moon, 'net');
  expect(moon.kernel.empty).toBe(true);
});

test('policies follow the configuration: renewed in place, removed with it', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: TRAP });
  const leaks = leaksOf(moon, there);
  const net = (more: Partial<ChildConfig>) =>
    childConfig('net', {
      ...TRAP,
      localTs: fixed('10.1.0.0/16'),
      remoteTs: fixed('10.2.0.0/16'),
      ...more,
    });
  // Wider, and a different priority in the same place.
  await moon.load(withChildren(net({ remoteTs: fixed('10.2.0.0/15') })));
  await moon.load(withChildren(net({ priority: 1000 })));
  expect([...moon.kernel.policies.values()].map(({ priority }) => priority)).toEqual([
    1001, 1001, 1001,
  ]);
  // The IKE part changed.
  await moon.load({ ...withChildren(net({})), dpdDelay: 30 });
  expect(names(moon)).toEqual(['gw/net']);
  expect(leaks()).toBe(0);
  await moon.load(withChildren(net({ startAction: { trap: false, start: false } })));
  expect(names(moon)).toEqual([]);
  expect(moon.kernel.empty).toBe(true);

  // One that was asked for stays when its child changes, and goes with it.
  expect(await install(moon, 'net')).toEqual({ ok: true });
  await moon.load(
    withChildren(
      net({ startAction: { trap: false, start: false }, remoteTs: fixed('10.6.0.0/16') }),
    ),
  );
  expect(policies(moon)).toMatchObject([{ child: 'net', remoteTs: ['10.6.0.0/16'] }]);
  await moon.daemon.control.unloadConnection('gw');
  expect(names(moon)).toEqual([]);
  expect(moon.kernel.empty).toBe(true);
});

test('loading the same again leaves traps alone, even an uninstalled one', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: TRAP });
  const config = connectionOf({ moonChild: TRAP }, 'moon', 'carol');
  moon.kernel.refuse(() => undefined);
  await moon.load(config);
  expect(moon.kernel.calls).toEqual([]);
  await uninstall(moon, 'net');
  const added = childConfig('more', {
    ...TRAP,
    localTs: fixed('10.1.0.0/16'),
    remoteTs: fixed('10.5.0.0/16'),
  });
  await moon.load({ ...config, children: new Map([...config.children, ['more', added]]) });
  expect(names(moon)).toEqual(['gw/more']);
});

test('a kernel that refuses leaves the older policy as it was', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: TRAP });
  moon.kernel.refuse((operation) => (operation === 'addPolicy' ? 'ENOMEM' : undefined));
  const wider = { ...TRAP, remoteTs: fixed('10.2.0.0/15') };
  await moon.load(connectionOf({ moonChild: wider }, 'moon', 'carol'));
  expect(moon.lines.join('\n')).toContain("installing policy 'net' failed: ");
  expect(policies(moon)).toMatchObject([{ remoteTs: ['10.2.0.0/16'] }]);
  expect(moon.kernel.policies.size).toBe(3);
  moon.kernel.refuse(() => undefined);
  expect(await install(moon, 'net')).toEqual({ ok: true });
  expect(policies(moon)).toMatchObject([{ remoteTs: ['10.2.0.0/15'] }]);
  await uninstall(moon, 'net');
  expect(moon.kernel.empty).toBe(true);
});

test('trap and start: both, and the CHILD_SA takes the place of the trap', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: { startAction: BOTH } });
  expect(names(moon)).toEqual(['gw/net']);
  await world.settle(() => moon.children.length === 1);
  expect([...moon.kernel.policies.values()].map(({ priority }) => priority)).toEqual([
    383615, 383615, 383615,
  ]);
  expect(moon.children[0]?.reqid).toBe(policies(moon)[0]?.reqid);
});

/** A tunnel between two whose moon does something when it is lost; what moon leaks meanwhile is counted. */
async function lost(world: World, setup: PairSetup) {
  const [moon, carol] = await pair(world, setup);
  await world.during(moon.initiate('net'));
  await world.pass(1000);
  return { moon, carol, leaks: leaksOf(moon, there) };
}

test.each(['child', 'ike'] as const)(
  'close_action = trap when the peer closes the %s',
  async (what) => {
    await using world = new World();
    const { moon, carol, leaks } = await lost(world, {
      moonChild: { closeAction: { trap: true, start: false } },
    });
    await world.during(carol.terminate(what === 'ike' ? { ike: 'gw' } : { child: 'net' }));
    await world.settle(() => moon.children.length === 0);
    expect(names(moon)).toEqual(['gw/net']);
    expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
    await world.settle(() => moon.children.length === 1);
    expect(leaks()).toBe(0);
  },
);

test('close_action = trap | start does both', async () => {
  await using world = new World();
  const { moon, carol, leaks } = await lost(world, { moonChild: { closeAction: BOTH } });
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => moon.children.length === 0);
  await world.settle(() => moon.children.length === 1);
  expect(names(moon)).toEqual(['gw/net']);
  expect(leaks()).toBe(0);
});

test('close_action is not for what we close ourselves', async () => {
  await using world = new World();
  const { moon } = await lost(world, { moonChild: { closeAction: BOTH } });
  await world.during(moon.terminate({ child: 'net' }));
  await world.during(moon.initiate('net'));
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.pass(10_000);
  expect(names(moon)).toEqual([]);
  expect(moon.sas).toHaveLength(0);
  expect(moon.kernel.empty).toBe(true);
});

test.each([
  ['trap', { trap: true, start: false }],
  ['trap | start', BOTH],
])('dpd_action = %s when the peer is gone', async (_name, dpdAction) => {
  await using world = new World();
  const { moon, carol, leaks } = await lost(world, {
    connection: { dpdDelay: 30 },
    moonChild: { dpdAction },
  });
  carol.kill();
  await world.settle(() => names(moon).length === 1);
  expect(names(moon)).toEqual(['gw/net']);
  await world.pass(1000);
  expect(moon.children).toHaveLength(0);
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
  expect(moon.sas).toHaveLength(1);
  expect(leaks()).toBe(0);
});
