import { expect, test } from 'vitest';
import { ip, ts } from '../../support/selectors.ts';
import { carry, carryHeld, leavesInClear } from '../carry.ts';
import type { FakeKernel } from '../fake-kernel.ts';
import { connectionOf, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** SAs in a kernel; SPIs that are merely reserved left out: those expire by themselves. */
function installed(kernel: FakeKernel): number {
  return [...kernel.sas.values()].filter(({ sa }) => sa !== undefined).length;
}

/** Milliseconds after which nothing of a predecessor is kept any more, once a configuration is loaded. */
const GRACE = 10_000;

/** Sets a tunnel up and closes it, and kills one host with its kernel call of this number; false if there is none. */
async function killAt(call: number, who: 'moon' | 'carol'): Promise<boolean> {
  await using world = new World({ printOnFailure: false });
  const [moon, carol] = await pair(world);
  const victim: WorldHost = who === 'moon' ? moon : carol;
  let killed = '';
  victim.kernel.refuse((operation, index) => {
    if (index === call) {
      killed = operation;
      victim.kill();
    }
    return undefined;
  });
  moon.initiate('net', 5000).catch(() => undefined);
  await world.pass(1000);
  if (killed === '') moon.terminate({ ike: 'gw' }, true).catch(() => undefined);
  await world.pass(1000);
  victim.kernel.refuse(() => undefined);
  if (killed === '') return false;

  victim.reborn();
  await victim.start();
  expect(installed(victim.kernel), `killed at ${killed}, call ${call}`).toBe(0);
  victim.secret('a secret that nobody guesses');
  for (const config of world.configs.get(victim) ?? []) await victim.load(config);
  expect(await world.during(victim.initiate('net')), `killed at ${killed}`).toEqual({ ok: true });
  const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  await world.pass(1000);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  await world.pass(GRACE);
  expect(await world.during(victim.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  expect(installed(victim.kernel), `killed at ${killed}, call ${call}`).toBe(0);
  expect(victim.kernel.policies.size, `killed at ${killed}, call ${call}`).toBe(0);
  expect(victim.kernel.routes.size, `killed at ${killed}, call ${call}`).toBe(0);
  expect(victim.journal.recorded(), `killed at ${killed}, call ${call}`).toEqual([]);
  return true;
}

test.each(['moon', 'carol'] as const)(
  '%s may be killed with any of its kernel calls',
  async (who) => {
    let call = 0;
    while (await killAt(call, who)) call += 1;
    expect(call).toBeGreaterThan(12);
  },
);

const trapped = { startAction: { trap: true, start: false } };
const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

/** Whether a packet would leave readable after any call into the kernel from now on; asked once, at the end. */
function watchForPlaintext(host: WorldHost): () => number {
  let leaks = 0;
  host.kernel.watch(() => {
    if (leavesInClear(host.kernel, packet) || host.kernel.routes.size === 0) leaks += 1;
  });
  return () => leaks;
}

test.each([
  ['with a tunnel up', true],
  ['with a trap only', false],
])(
  'killed %s, nothing leaves in the clear before the new configuration protects it',
  async (_when, up) => {
    await using world = new World();
    const [moon, carol] = await pair(world, { moonChild: trapped });
    if (up) expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    const leaks = watchForPlaintext(moon);
    moon.kill();
    moon.reborn();
    await moon.start();
    expect(moon.kernel.sas.size).toBe(0);
    expect(carry(moon.kernel, carol.kernel, packet)).toEqual({ kind: 'held' });
    await world.pass(60_000);
    moon.secret('a secret that nobody guesses');
    for (const config of world.configs.get(moon) ?? []) await moon.load(config);
    expect(moon.kernel.policies.size).toBe(3);
    expect(carry(moon.kernel, carol.kernel, packet)).toEqual({ kind: 'held' });
    await world.settle(() => moon.children.length === 1);
    await world.pass(GRACE);
    expect(carryHeld(moon.kernel, carol.kernel).map(({ kind }) => kind)).toEqual([
      'protected',
      'protected',
    ]);
    expect(leaks()).toBe(0);
    // Nothing is kept of what the predecessor had: one set of policies, SAs and one route.
    await world.during(moon.terminate({ ike: 'gw' }));
    expect(moon.kernel.policies.size).toBe(3);
    await world.during(moon.daemon.control.uninstall('net', undefined));
    expect(moon.kernel.empty).toBe(true);
    expect(moon.journal.recorded()).toEqual([]);
  },
);

test('a child that starts replaces what is left when it is up, even if that takes long', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: { startAction: { trap: false, start: true } },
  });
  await world.settle(() => moon.children.length === 1);
  const leaks = watchForPlaintext(moon);
  moon.kill();
  world.network.link = { ...world.network.link, loss: 1 };
  moon.reborn();
  await moon.start();
  moon.secret('a secret that nobody guesses');
  for (const config of world.configs.get(moon) ?? []) await moon.load(config);
  await world.pass(30_000);
  expect(carry(moon.kernel, carol.kernel, packet)).toEqual({ kind: 'held' });
  world.network.link = { ...world.network.link, loss: 0 };
  await world.settle(() => moon.children.length === 1);
  await world.pass(GRACE);
  expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  expect(leaks()).toBe(0);
});

test('what no configuration wants again goes once it is loaded, and without one after two minutes', async () => {
  for (const loads of [true, false]) {
    await using world = new World();
    const [moon] = await pair(world, { moonChild: trapped });
    moon.kill();
    moon.reborn();
    await moon.start();
    const other = { ...connectionOf({}, 'moon', 'carol'), name: 'other' };
    if (loads) await moon.load(other);
    await world.pass(loads ? 4000 : 119_000);
    expect(moon.kernel.policies.size).toBe(3);
    await world.pass(2000);
    expect(moon.kernel.empty).toBe(true);
    expect(moon.journal.recorded()).toEqual([]);
  }
});

test('reqids of what is left are not given to others', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: trapped });
  const reqidOf = (): number => moon.daemon.control.policies()[0]?.reqid ?? 0;
  const before = reqidOf();
  moon.kill();
  moon.reborn();
  await moon.start();
  const elsewhere = {
    ...trapped,
    remoteTs: [{ kind: 'fixed', selector: ts('10.9.0.0/16') }],
  } as const;
  await moon.load(connectionOf({ moonChild: elsewhere }, 'moon', 'carol'));
  expect(reqidOf()).not.toBe(before);
  expect(moon.kernel.policies.size).toBe(6);
  await world.pass(GRACE);
  expect(moon.kernel.policies.size).toBe(3);
});
