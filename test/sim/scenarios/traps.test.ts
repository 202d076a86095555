import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { ANY_UPPER } from '../../../daemon/proto/traffic-selector-math.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry, carryHeld, type DataPacket, leavesInClear } from '../carry.ts';
import { connectionOf, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const TRAP = { startAction: { trap: true, start: false } };
const there: DataPacket = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back: DataPacket = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

const acquires = (host: WorldHost): number =>
  host.lines.filter((line) => line.startsWith('creating acquire job')).length;

/** Counts calls into the kernel after which a packet would leave readable. */
function leaksOf(host: WorldHost, packet: DataPacket): () => number {
  let leaks = 0;
  host.kernel.watch(() => {
    if (leavesInClear(host.kernel, packet)) leaks += 1;
  });
  return () => leaks;
}

const uninstall = (host: WorldHost, child = 'net') =>
  host.daemon.control.uninstall(child, undefined);

test('a trap is one weaker than its CHILD_SA and asks for it when a packet comes', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP });
  expect(carol.kernel.empty).toBe(true);
  const priorities = (): number[] =>
    [...moon.kernel.policies.values()].map(({ priority }) => priority);
  expect(priorities()).toEqual([383616, 383616, 383616]);
  expect([...moon.kernel.policies.values()].map(({ direction }) => direction)).toEqual([
    'in',
    'fwd',
    'out',
  ]);
  const trap = [...moon.kernel.policies.values()][2]?.templates[0];
  expect(trap).toMatchObject({ spi: 0, reqid: 1, source: '192.0.2.1', destination: '192.0.2.2' });
  expect([...moon.kernel.routes.values()]).toMatchObject([
    { destination: '10.2.0.0', prefix: 16, source: '10.1.0.1', type: 'unicast' },
  ]);

  const leaks = leaksOf(moon, there);
  for (let i = 0; i < 5; i++) {
    expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
  }
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  expect(acquires(moon)).toBe(1);
  expect(moon.lines).toContain(
    'creating acquire job for policy 10.1.0.5/32[icmp/0] === 10.2.0.5/32[icmp/0] and reqid {1}',
  );
  expect(carryHeld(moon.kernel, carol.kernel).map(({ kind }) => kind)).toEqual(
    Array(5).fill('protected'),
  );
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  expect(moon.children[0]?.reqid).toBe(1);
  expect(priorities()).toEqual([383615, 383615, 383615]);
  expect(moon.kernel.larval.size).toBe(0);

  expect(await world.during(moon.terminate({ child: 'net' }))).toMatchObject({ ok: true });
  expect(priorities()).toEqual([383616, 383616, 383616]);
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 1);
  expect(moon.established).toHaveLength(1);
  expect(carryHeld(moon.kernel, carol.kernel).map(({ kind }) => kind)).toEqual(['protected']);
  expect(leaks()).toBe(0);
});

test('traps on both sides meet', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { child: TRAP });
  carry(moon.kernel, carol.kernel, there);
  carry(carol.kernel, moon.kernel, back);
  await world.settle(() => moon.children.length > 0 && carol.children.length > 0);
  await world.pass(5000);
  expect(carryHeld(moon.kernel, carol.kernel).map(({ kind }) => kind)).toEqual(['protected']);
  expect(carryHeld(carol.kernel, moon.kernel).map(({ kind }) => kind)).toEqual(['protected']);
  // Both are armed afterwards, also the one whose IKE_SA gave way.
  for (const [one, other, packet] of [
    [moon, carol, there],
    [carol, moon, back],
  ] as const) {
    await world.during(one.terminate({ ike: 'gw' }));
    await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
    expect(carry(one.kernel, other.kernel, packet)).toEqual({ kind: 'held' });
    await world.settle(() => one.children.length === 1 && other.children.length === 1);
  }
});

test('a peer that is silent for long is tried again when the kernel asks again', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP, moonConnection: { keyingTries: 0 } });
  world.network.link = { ...world.network.link, loss: 1 };
  carry(moon.kernel, carol.kernel, there);
  await world.pass(170_000);
  moon.kernel.larval.clear();
  carry(moon.kernel, carol.kernel, there);
  expect(acquires(moon)).toBe(2);
  expect(moon.sas).toHaveLength(1);
  world.network.link = { ...world.network.link, loss: 0 };
  await world.settle(() => moon.children.length === 1);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  await world.during(moon.terminate({ child: 'net' }));
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 1);
});

test.each([
  [
    'before the configured ones',
    false,
    '10.2.0.5/32[icmp/0] 10.2.0.0/16 === 10.1.0.5/32[icmp/0] 10.1.0.0/16',
  ],
  ['not at all with ignore_acquire_ts', true, '10.2.0.0/16 === 10.1.0.0/16'],
])('the selectors of the packet are proposed %s', async (_where, ignore, proposed) => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    options: { ignore_acquire_ts: ignore },
    moonChild: TRAP,
    carolChild: { localTs: [{ kind: 'fixed', selector: ts('10.77.0.0/16') }] },
  });
  carry(moon.kernel, carol.kernel, there);
  await world.settle(() => carol.lines.some((line) => line.includes('unacceptable')));
  expect(carol.lines).toContain(`traffic selectors ${proposed} unacceptable`);
});

test('after a failure the trap asks again, later each time, and holds the traffic meanwhile', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP, carolSecret: 'another one' });
  const leaks = leaksOf(moon, there);
  const counts: number[] = [];
  for (let second = 0; second < 70; second++) {
    for (let i = 0; i < 10; i++) {
      expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
    }
    await world.pass(1000);
    counts.push(acquires(moon));
  }
  // Pauses of 1, 2, 4, 8, 16 and 32 seconds.
  expect(counts.at(-1)).toBeGreaterThanOrEqual(6);
  expect(counts.at(-1)).toBeLessThanOrEqual(7);
  carol.secret('a secret that nobody guesses');
  await world.pass(64_000);
  carry(moon.kernel, carol.kernel, there);
  await world.settle(() => moon.children.length === 1);
  expect(leaks()).toBe(0);
});

test('installing the trap again ends the pause', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP, carolSecret: 'another one' });
  for (let i = 0; i < 20; i++) {
    carry(moon.kernel, carol.kernel, there);
    await world.pass(1000);
  }
  carol.daemon.sharedKeys.clear();
  carol.secret('a secret that nobody guesses');
  const before = acquires(moon);
  expect(await world.during(moon.daemon.control.install('net', 'gw'))).toEqual({ ok: true });
  carry(moon.kernel, carol.kernel, there);
  await world.settle(() => moon.children.length === 1);
  expect(acquires(moon)).toBe(before + 1);
});

test('a further trap uses the IKE_SA that is there', async () => {
  await using world = new World();
  const setup = { moonChild: TRAP };
  const [moon, carol] = await pair(world, setup);
  const second = (host: 'moon' | 'carol', more: Partial<ChildConfig>) => {
    const config = connectionOf(setup, host, host === 'moon' ? 'carol' : 'moon');
    const net = config.children.get('net') as ChildConfig;
    const [a, b] =
      host === 'moon' ? ['10.5.0.0/16', '10.6.0.0/16'] : ['10.6.0.0/16', '10.5.0.0/16'];
    const other = childConfig('other', {
      ...net,
      name: 'other',
      localTs: [{ kind: 'fixed', selector: ts(a as string) }],
      remoteTs: [{ kind: 'fixed', selector: ts(b as string) }],
      ...more,
    });
    return { ...config, children: new Map([...config.children, ['other', other]]) };
  };
  await carol.load(second('carol', { startAction: { trap: false, start: false } }));
  carry(moon.kernel, carol.kernel, there);
  await world.settle(() => moon.children.length === 1);
  await moon.load(second('moon', TRAP));
  expect(moon.children).toHaveLength(1);
  const further = { source: ip('10.5.0.1'), destination: ip('10.6.0.1') };
  expect(carry(moon.kernel, carol.kernel, further)).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 2);
  expect(moon.established).toHaveLength(1);
  expect(carryHeld(moon.kernel, carol.kernel).at(-1)?.kind).toBe('protected');
});

test('a peer that narrows gets another request for what it left out, and no pile of CHILD_SAs', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: TRAP,
    carolChild: { localTs: [{ kind: 'fixed', selector: ts('10.2.0.0/17') }] },
  });
  const leaks = leaksOf(moon, there);
  const outside = { source: ip('10.1.0.5'), destination: ip('10.2.200.5') };
  carry(moon.kernel, carol.kernel, there);
  await world.settle(() => moon.children.length === 1);
  expect(moon.children[0]?.reqid).not.toBe(1);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  for (let i = 0; i < 200; i++) {
    expect(carry(moon.kernel, carol.kernel, outside)).toEqual({ kind: 'held' });
    await world.pass(1000);
  }
  expect(moon.children).toHaveLength(2);
  expect(leaks()).toBe(0);
});

test('an acquire that fits no trap is ignored', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: TRAP });
  const wanted = {
    source: ip('192.0.2.1'),
    destination: ip('192.0.2.2'),
    protocol: 50,
    mode: 'tunnel',
  } as const;
  const event = (reqid: number, source: string) =>
    moon.kernel.raise({
      kind: 'acquire',
      reqid,
      source: ts(source),
      destination: ts('10.2.0.5/32'),
      wanted: { ...wanted, reqid },
    });
  event(77, '10.1.0.5/32');
  event(1, '172.16.0.1/32');
  await world.pass(1000);
  expect(moon.sas).toHaveLength(0);
  event(1, '10.1.0.5/32');
  await world.settle(() => moon.children.length === 1);
});

test('a tunnel needs to know its peer', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    moonChild: TRAP,
  });
  expect(moon.kernel.empty).toBe(true);
  expect(moon.lines.join('\n')).toContain('installing trap failed, remote address unknown');
  expect(await moon.daemon.control.install('net', undefined)).toEqual({
    ok: false,
    errmsg:
      "installing policy 'net' failed: remote address unknown (only transport mode does without)",
  });
  expect(await uninstall(moon)).toEqual({ ok: false, errmsg: "policy 'net' not found" });
});

test('a name that cannot be resolved yet is held back, not let through', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'name', text: 'carol.invalid' }] },
    moonChild: TRAP,
  });
  expect(moon.kernel.policies.size).toBe(3);
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
});

test('a wildcard trap in transport mode finds each peer in the packet', async () => {
  await using world = new World();
  const dynamic = [{ kind: 'dynamic', upper: { ...ANY_UPPER, protocol: 47 } } as const];
  const transport = { mode: 'transport', localTs: dynamic, remoteTs: dynamic } as const;
  const [moon, carol] = await pair(world, {
    child: transport,
    moonChild: TRAP,
    moonConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const dave = await world.host('dave', ['192.0.2.3']);
  dave.secret('a secret that nobody guesses');
  await dave.load({
    ...connectionOf({ child: transport }, 'carol', 'moon'),
    localAddrs: [{ kind: 'any', text: '%any' }],
    remoteAddrs: [{ kind: 'any', text: '%any' }],
  });
  expect(moon.daemon.control.policies()).toMatchObject([
    {
      kind: 'trap',
      mode: 'transport',
      localTs: ['192.0.2.1/32[gre]'],
      remoteTs: ['0.0.0.0/0[gre]'],
    },
  ]);
  const to = (host: WorldHost): DataPacket => ({
    source: ip('192.0.2.1'),
    destination: host.address,
    protocol: 47,
  });
  expect(carry(moon.kernel, carol.kernel, to(carol))).toEqual({ kind: 'held' });
  expect(carry(moon.kernel, dave.kernel, to(dave))).toEqual({ kind: 'held' });
  expect(carry(moon.kernel, dave.kernel, to(dave))).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 2);
  await world.pass(1000);
  expect(acquires(moon)).toBe(2);
  expect(carry(moon.kernel, carol.kernel, to(carol)).kind).toBe('protected');
  expect(carry(moon.kernel, dave.kernel, to(dave)).kind).toBe('protected');
  expect(moon.children.map((child) => child.remoteTs.length)).toEqual([1, 1]);
  // A CHILD_SA that went is asked for in the IKE_SA of the same peer.
  await world.during(dave.terminate({ child: 'net' }));
  await world.settle(() => moon.children.length === 1);
  expect(carry(moon.kernel, dave.kernel, to(dave))).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 2);
  expect(moon.established).toHaveLength(2);
  expect(carry(moon.kernel, dave.kernel, to(dave)).kind).toBe('protected');
});

test('a wildcard trap tries a bounded number of peers at a time', async () => {
  await using world = new World();
  const dynamic = [{ kind: 'dynamic', upper: ANY_UPPER } as const];
  const [moon, carol] = await pair(world, {
    moonConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    moonChild: { ...TRAP, mode: 'transport', localTs: dynamic, remoteTs: dynamic },
  });
  for (let i = 0; i < 1000; i++) {
    const destination = ip(`198.51.${i >> 8}.${i & 0xff}`);
    carry(moon.kernel, carol.kernel, { source: ip('192.0.2.1'), destination });
  }
  await world.pass(100);
  expect(moon.sas).toHaveLength(256);
});
