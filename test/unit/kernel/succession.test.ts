import { expect, test } from 'vitest';
import type { KernelPolicy } from '../../../daemon/contracts/kernel.ts';
import type { Logger } from '../../../daemon/contracts/logger.ts';
import { childPolicies, succeedingPolicies } from '../../../daemon/kernel/child-policies.ts';
import type { ChildSaSpec } from '../../../daemon/kernel/child-sa-spec.ts';
import { KernelInstaller } from '../../../daemon/kernel/installer.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { childSaSpec } from '../../support/child-sa-specs.ts';
import { ip, ts } from '../../support/selectors.ts';

/** CHILD_SAs that replace others. */

const old = childSaSpec({
  localTs: [ts('10.1.0.0/16'), ts('10.3.0.0/16', 6, 22)],
  policiesFwdOut: true,
  markOut: { value: 7, mask: 0xff },
});
const fresh: ChildSaSpec = { ...old, spiOut: 0xc0000009 as ChildSpi };

function succeeding(by: ChildSaSpec): readonly (readonly KernelPolicy[] | undefined)[] {
  const { inbound, outbound } = childPolicies(old);
  return [succeedingPolicies(by, old, inbound), succeedingPolicies(by, old, outbound)];
}

test('policies made of those of the replaced CHILD_SA are the ones that the selectors would have given', () => {
  const { inbound, outbound } = childPolicies(fresh);
  expect(succeeding(fresh)).toEqual([inbound, outbound]);
  expect(succeeding(structuredClone(fresh))).toEqual([inbound, outbound]);
});

test.each<[string, Partial<ChildSaSpec>]>([
  ['selectors', { remoteTs: [ts('10.2.0.0/17')] }],
  ['order of selectors', { localTs: [...old.localTs].reverse() }],
  ['ends', { local: ip('192.0.2.7') }],
  ['reqid', { reqid: 9 }],
  ['mark', { markOut: { value: 8, mask: 0xff } }],
  ['interface id', { ifIdIn: 5 }],
  ['priority', { priority: 77 }],
  ['interface', { interface: 'eth0' }],
  ['mode', { mode: 'beet' }],
  ['compression', { ipcomp: { cpiIn: 3 as ChildSpi, cpiOut: 4 as ChildSpi } }],
  ['CPU', { perCpu: { cpu: 1 } }],
])('one that differs in its %s gets policies of its own', (_, change) => {
  expect(succeeding({ ...fresh, ...change })).toEqual([undefined, undefined]);
});

test('the places of one that could not follow its ends are not taken over', () => {
  const { inbound } = childPolicies({ ...old, remote: ip('192.0.2.99') });
  expect(succeedingPolicies(fresh, old, inbound)).toBeUndefined();
});

function host() {
  const kernel = new FakeKernel(new SeededRandom(3), ['192.0.2.1', '10.1.0.1'].map(ip));
  const journal = new MemoryJournal();
  const logger: Logger = { enabled: () => true, log: () => undefined, forIke: () => logger };
  const settings = {
    ...{ installRoutes: true, routingTable: 220, routingTablePriority: 220 },
    ...{ spiMin: 0xc0000000, spiMax: 0xcfffffff, reqidBase: 1 },
  };
  const clock = new VirtualClock();
  const installer = new KernelInstaller({
    ...{ kernel, net: kernel, clock, logger, journal },
    settings: () => settings,
  });
  const next = async (spiOut: number, more: Partial<ChildSaSpec> = {}): Promise<ChildSaSpec> => {
    const spec = { ...childSaSpec(more), spiOut: spiOut as ChildSpi };
    const spiIn = await installer.allocateSpi(spec.local, spec.remote, 50, spec.reqid);
    return { ...spec, spiIn };
  };
  const out = () => [...kernel.policies.values()].filter(({ direction }) => direction === 'out');
  return { kernel, journal, installer, next, out };
}

test('through many generations the newest sends, and the last leaves nothing behind', async () => {
  const { kernel, journal, installer, next, out } = host();
  let current = await installer.install(await next(0xc0000100));
  const places = [...kernel.policies.keys()];
  for (let generation = 1; generation <= 5; generation++) {
    // Asked by the peer it receives first and sends later; on its own behalf it does both at once.
    const outbound = generation % 2 === 0;
    const spec = await next(0xc0000100 + generation);
    const by = await installer.install(spec, { outbound, replaces: current });
    if (!outbound) await by.installOutbound(current);
    expect([...kernel.policies.keys()]).toEqual(places);
    expect(out().map(({ templates }) => templates[0]?.spi)).toEqual([spec.spiOut]);
    await current.removeOutbound();
    expect(out().map(({ templates }) => templates[0]?.spi)).toEqual([spec.spiOut]);
    await current.remove();
    current = by;
  }
  expect([...kernel.policies.keys()]).toEqual(places);
  await current.remove();
  expect(kernel.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});

test('one with other selectors has its own policies beside those of the one it replaces', async () => {
  const { kernel, installer, next, out } = host();
  const before = await installer.install(await next(0xc0000100));
  const narrowed = await next(0xc0000101, { remoteTs: [ts('10.2.0.0/24')] });
  const by = await installer.install(narrowed, { replaces: before });
  expect(out()).toHaveLength(2);
  await before.remove();
  expect(out().map(({ source, destination }) => [source, destination])).toEqual([
    [narrowed.localTs[0], narrowed.remoteTs[0]],
  ]);
  await by.remove();
  expect(kernel.empty).toBe(true);
});

test('a kernel that refuses the outbound policy leaves the replaced CHILD_SA as it was', async () => {
  const { kernel, installer, next, out } = host();
  const before = await installer.install(await next(0xc0000100));
  const by = await installer.install(await next(0xc0000101), { outbound: false, replaces: before });
  const addPolicy = kernel.addPolicy.bind(kernel);
  kernel.addPolicy = () => Promise.reject(new Error('no'));
  await expect(by.installOutbound(before)).rejects.toThrow('no');
  kernel.addPolicy = addPolicy;
  expect(out().map(({ templates }) => templates[0]?.spi)).toEqual([0xc0000100]);
  await by.remove();
  await before.remove();
  expect(kernel.empty).toBe(true);
});
