import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry, type DataPacket, type Fate } from '../carry.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const YES: Partial<ChildConfig> = { perCpuSas: 'yes' };
const TRAP: Partial<ChildConfig> = { ...YES, startAction: { trap: true, start: false } };
const BOTH: PairSetup = { moonChild: TRAP, carolChild: YES };

const there = (cpu: number): DataPacket => ({
  source: ip('10.1.0.5'),
  destination: ip('10.2.0.5'),
  cpu,
});
const back = (cpu: number): DataPacket => ({
  source: ip('10.2.0.5'),
  destination: ip('10.1.0.5'),
  cpu,
});

/** CPUs of the CHILD_SAs that say they are one of several, in order of making; `undefined` is the fallback. */
const cpus = (host: WorldHost): readonly (number | undefined)[] =>
  host.children
    .filter(({ installed }) => installed?.perCpuSas)
    .sort((a, b) => a.uniqueId - b.uniqueId)
    .map(({ installed }) => installed?.cpu);

const spi = (fate: Fate): number | undefined => (fate.kind === 'protected' ? fate.spi : undefined);

/** A packet of each CPU, and everything that follows from it. */
async function send(
  world: World,
  [moon, carol]: readonly [WorldHost, WorldHost],
  list: readonly number[],
): Promise<void> {
  for (const cpu of list) carry(moon.kernel, carol.kernel, there(cpu));
  await world.pass(3000);
}

test('the first packet gets a fallback and an SA of its CPU, each further CPU its own', async () => {
  await using world = new World();
  const hosts = await pair(world, BOTH);
  const [moon, carol] = hosts;
  await send(world, hosts, [2]);
  expect(cpus(moon)).toEqual([undefined, 2]);
  // Which CPU it is at the peer is the peer's own business.
  expect(cpus(carol)).toEqual([undefined, 0]);
  expect(moon.lines).toContain(
    'creating acquire job for policy 10.1.0.5/32[icmp/0] === 10.2.0.5/32[icmp/0] and reqid {1}, CPU {2}',
  );
  // Several at once, and each of them once only.
  await send(world, hosts, [0, 3, 1, 0, 3, 2]);
  expect(cpus(moon)).toEqual([undefined, 2, 0, 3, 1]);
  expect(cpus(carol)).toEqual([undefined, 0, 1, 2, 3]);
  expect(moon.established).toHaveLength(1);

  const used = [0, 1, 2, 3].map((cpu) => spi(carry(moon.kernel, carol.kernel, there(cpu))));
  const answers = [0, 1, 2, 3].map((cpu) => spi(carry(carol.kernel, moon.kernel, back(cpu))));
  expect(new Set([...used, ...answers]).size).toBe(8);
  expect([...used, ...answers]).not.toContain(undefined);
  expect(new Set(moon.children.map(({ reqid }) => reqid)).size).toBe(1);
});

test('rekeying keeps the CPU, whichever side asks', async () => {
  await using world = new World();
  const hosts = await pair(world, BOTH);
  const [moon, carol] = hosts;
  await send(world, hosts, [1, 3]);
  for (const host of hosts) {
    const before = new Set([...moon.children, ...carol.children].map((c) => c.installed?.spiIn));
    for (const { uniqueId } of [...host.children]) {
      expect(
        await world.during(host.daemon.control.rekey({ childId: uniqueId, reauth: false })),
      ).toMatchObject({ ok: true });
      await world.pass(100);
    }
    await world.pass(20_000);
    expect(cpus(moon)).toEqual([undefined, 1, 3]);
    expect(cpus(carol)).toEqual([undefined, 0, 1]);
    for (const child of [...moon.children, ...carol.children]) {
      expect(before).not.toContain(child.installed?.spiIn);
    }
  }
  const fates = [1, 3].map((cpu) => spi(carry(moon.kernel, carol.kernel, there(cpu))));
  expect(new Set(fates).size).toBe(2);
});

test('encap: where UDP is used each SA sends from a port of its own, a replacement too, and receives from any', async () => {
  await using world = new World();
  const encap: Partial<ChildConfig> = { perCpuSas: 'encap' };
  const hosts = await pair(world, {
    moonConnection: { encap: true },
    moonChild: { ...TRAP, ...encap },
    carolChild: encap,
  });
  const [moon, carol] = hosts;
  const portsOf = (host: WorldHost, direction: 'in' | 'out'): readonly (number | undefined)[] =>
    [...host.kernel.sas.values()]
      .filter(({ sa }) => sa?.direction === direction)
      .map(({ sa }) => sa?.encap?.sourcePort);
  await send(world, hosts, [1, 3]);
  const before = portsOf(moon, 'out');
  for (const { uniqueId } of [...moon.children]) {
    await world.during(moon.daemon.control.rekey({ childId: uniqueId, reauth: false }));
  }
  await world.pass(20_000);
  for (const host of hosts) {
    const ports = portsOf(host, 'out');
    expect(ports).toHaveLength(3);
    expect(new Set([...ports, ...before]).size).toBe(6);
    for (const port of ports) expect(port).toBeGreaterThanOrEqual(49_152);
    expect(portsOf(host, 'in')).toEqual([0, 0, 0]);
  }
  expect(carry(moon.kernel, carol.kernel, there(3)).kind).toBe('protected');

  // Which port that is says nothing about where the peer is.
  const [into] = [...carol.kernel.sas.values()].filter(({ sa }) => sa?.direction === 'in');
  if (into === undefined) throw new TypeError('no inbound SA');
  carol.kernel.raise({ kind: 'mapping', id: into.id, address: into.id.source, port: 50_000 });
  await world.pass(1000);
  expect(carol.established.map(({ remotePort }) => remotePort)).toEqual([4500]);
});

test.each([
  ['initiator', YES, {}],
  ['responder', {}, YES],
])('only the %s wants it: one CHILD_SA as ever', async (_who, moonChild, carolChild) => {
  await using world = new World();
  const trap = { startAction: { trap: true, start: false } };
  const hosts = await pair(world, { moonChild: { ...moonChild, ...trap }, carolChild });
  const [moon, carol] = hosts;
  await send(world, hosts, [0, 1]);
  expect(moon.children).toHaveLength(1);
  expect(carol.children).toHaveLength(1);
  expect([...cpus(moon), ...cpus(carol)]).toEqual([]);
  expect(carry(moon.kernel, carol.kernel, there(1)).kind).toBe('protected');
});

test('a kernel that has none negotiates none', async () => {
  await using world = new World();
  const hosts = await pair(world, BOTH);
  const [moon, carol] = hosts;
  carol.kernel.cpus = 0;
  await send(world, hosts, [0, 1]);
  expect([...cpus(moon), ...cpus(carol)]).toEqual([]);
  expect(moon.children).toHaveLength(1);
});

test('a peer that has enough is not asked again, and the fallback serves', async () => {
  await using world = new World();
  // The fallback and two more.
  const hosts = await pair(world, { ...BOTH, carolOptions: { child_sa_limit: 3 } });
  const [moon, carol] = hosts;
  await send(world, hosts, [0, 1, 2]);
  expect(cpus(moon)).toEqual([undefined, 0, 1]);
  const refusals = () => moon.lines.filter((line) => line.includes('no CHILD_SA built')).length;
  expect(refusals()).toBe(1);
  for (let minute = 0; minute < 5; minute++) {
    await send(world, hosts, [2, 3]);
    await world.pass(60_000);
  }
  expect(refusals()).toBe(1);
  expect(moon.established).toHaveLength(1);
  expect(carry(moon.kernel, carol.kernel, there(2)).kind).toBe('protected');
});

test('CHILD_SAs of equal selectors have a limit', async () => {
  await using world = new World();
  const hosts = await pair(world, { ...BOTH, carolOptions: { child_sa_limit: 0 } });
  const [moon, carol] = hosts;
  carol.kernel.cpus = 2;
  await send(world, hosts, [...Array(300).keys()]);
  await world.pass(30_000);
  expect(carol.children).toHaveLength(256);
  expect(moon.lines).toContain('received TS_MAX_QUEUE notify, no CHILD_SA built');
  // Evenly shared.
  const [none, first, second] = [undefined, 0, 1].map(
    (cpu) => cpus(carol).filter((one) => one === cpu).length,
  );
  expect([none, first, second]).toEqual([1, 128, 127]);
});

test('the side that was called asks for its CPUs too', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: TRAP, carolChild: TRAP });
  await send(world, [moon, carol], [0]);
  for (const cpu of [0, 3]) carry(carol.kernel, moon.kernel, back(cpu));
  await world.pass(3000);
  expect(cpus(carol)).toEqual([undefined, 0, 3]);
  expect(cpus(moon)).toEqual([undefined, 0, 1]);
  expect(moon.established).toHaveLength(1);
});

test('a packet-sized answer for the fallback is what the CPUs get too', async () => {
  await using world = new World();
  const hosts = await pair(world, {
    moonChild: TRAP,
    carolChild: { ...YES, localTs: [{ kind: 'fixed', selector: ts('10.2.0.0/24') }] },
  });
  const [moon] = hosts;
  await send(world, hosts, [0, 1]);
  expect(cpus(moon)).toEqual([undefined, 0, 1]);
  expect(new Set(moon.children.map(({ reqid }) => reqid)).size).toBe(1);
});

test('a fallback that expires comes back although CPUs have theirs', async () => {
  await using world = new World();
  const again = { closeAction: { trap: false, start: true } };
  const hosts = await pair(world, { ...BOTH, moonChild: { ...TRAP, ...again } });
  const [moon, carol] = hosts;
  await send(world, hosts, [1]);
  const [fallback] = moon.children.filter(({ installed }) => installed?.cpu === undefined);
  if (fallback?.installed === undefined) throw new TypeError('no fallback');
  moon.kernel.expire(fallback.installed.spiIn as ChildSpi, true);
  await world.pass(5000);
  expect(cpus(moon)).toEqual([1, undefined]);
  expect(cpus(carol)).toEqual([0, undefined]);
});
