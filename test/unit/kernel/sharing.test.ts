import { expect, test } from 'vitest';
import type { Logger } from '../../../daemon/contracts/logger.ts';
import { KernelInstaller } from '../../../daemon/kernel/installer.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { carry } from '../../sim/carry.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { childSaSpec, mirrored } from '../../support/child-sa-specs.ts';
import { ip } from '../../support/selectors.ts';

function host(addresses: readonly string[] = ['192.0.2.1', '10.1.0.1']) {
  const kernel = new FakeKernel(new SeededRandom(3), addresses.map(ip));
  const journal = new MemoryJournal();
  const clock = new VirtualClock();
  const lines: string[] = [];
  const logger: Logger = {
    enabled: () => true,
    log: (_group, _level, message) => lines.push(message),
    forIke: () => logger,
  };
  const settings = {
    installRoutes: true,
    routingTable: 220,
    routingTablePriority: 220,
    spiMin: 0xc0000000,
    spiMax: 0xcfffffff,
    reqidBase: 1,
  };
  const build = () =>
    new KernelInstaller({ kernel, net: kernel, clock, logger, journal, settings: () => settings });
  return { kernel, journal, clock, lines, settings, build, installer: build() };
}

/** Reserves the inbound SPI as IKE does. */
async function reserved(installer: KernelInstaller, more: Parameters<typeof childSaSpec>[0] = {}) {
  const spec = childSaSpec(more);
  const spiIn = await installer.allocateSpi(spec.local, spec.remote, 50, spec.reqid);
  return { ...spec, spiIn };
}

test('two peers with equal selectors are both heard, and what is sent goes to the newer one', async () => {
  const { kernel, installer } = host();
  const peers = ['192.0.2.2', '192.0.2.3'].map((address, index) => ({
    ...host([address]),
    remote: ip(address),
    spiOut: (0xc000_0002 + index) as ChildSpi,
  }));
  const children = [];
  for (const { installer: theirs, remote, spiOut } of peers) {
    const spec = await reserved(installer, { remote, spiOut });
    children.push(await installer.install(spec));
    await theirs.install(mirrored(spec));
  }
  const there = { source: ip('10.2.0.1'), destination: ip('10.1.0.1') };
  const back = { source: ip('10.1.0.1'), destination: ip('10.2.0.1') };
  const fates = () => peers.map((peer) => carry(peer.kernel, kernel, there).kind);
  expect(fates()).toEqual(['protected', 'protected']);
  expect(carry(kernel, peers[1]?.kernel ?? kernel, back).kind).toBe('protected');
  // With one of them gone the policy names the other again.
  await children[1]?.remove();
  expect(carry(kernel, peers[0]?.kernel ?? kernel, back).kind).toBe('protected');
  const policy = [...kernel.policies.values()].find(({ direction }) => direction === 'in');
  expect(policy?.templates[0]?.source).toBe('192.0.2.2');
  await children[0]?.remove();
  expect(kernel.empty).toBe(true);
});

test('routes that went down with an interface come back, and follow to another source', async () => {
  const { kernel, installer, journal } = host();
  const child = await installer.install(await reserved(installer));
  const before = [...kernel.routes.values()];
  expect(before).toHaveLength(1);
  kernel.routes.clear();
  await installer.reroute();
  expect([...kernel.routes.values()]).toEqual(before);
  kernel.readdress([ip('192.0.2.1'), ip('10.1.0.9')]);
  await installer.reroute();
  expect([...kernel.routes.values()].map(({ source }) => source)).toEqual(['10.1.0.9']);
  // Without a way to the peer the route stays: packets of this host must not take another one.
  kernel.readdress([]);
  await installer.reroute();
  expect(kernel.routes.size).toBe(1);
  await child.remove();
  expect(kernel.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});
