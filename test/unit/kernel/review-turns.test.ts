import { expect, test } from 'vitest';
import type { Logger } from '../../../daemon/contracts/logger.ts';
import { KernelInstaller } from '../../../daemon/kernel/installer.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { childSaSpec } from '../../support/child-sa-specs.ts';
import { ip } from '../../support/selectors.ts';

function host(answersAtOnce = false) {
  const kernel = new FakeKernel(new SeededRandom(3), ['192.0.2.1', '10.1.0.1'].map(ip));
  kernel.answersAtOnce = answersAtOnce;
  const journal = new MemoryJournal();
  const logger: Logger = { enabled: () => false, log: () => {}, forIke: () => logger };
  const settings = {
    installRoutes: true,
    routingTable: 220,
    routingTablePriority: 220,
    spiMin: 0xc0000000,
    spiMax: 0xcfffffff,
    reqidBase: 1,
  };
  const clock = new VirtualClock();
  const deps = { kernel, net: kernel, clock, logger, journal, settings: () => settings };
  return { kernel, journal, installer: new KernelInstaller(deps) };
}

/** Lets the other side get this many steps ahead, whatever the order of the kernel's answers. */
async function steps(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await Promise.resolve();
}

const ahead = [0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30].flatMap((count) => [
  [count, false] as const,
  [count, true] as const,
]);

test.each(ahead)(
  'a CHILD_SA that goes while routes follow leaves none (%i, answers at once: %s)',
  async (count, atOnce) => {
    const { kernel, journal, installer } = host(atOnce);
    const child = await installer.install(childSaSpec());
    const following = installer.reroute();
    await steps(count);
    await Promise.all([child.remove(), following]);
    expect([...kernel.routes.keys()]).toEqual([]);
    expect(kernel.empty).toBe(true);
    expect(journal.recorded()).toEqual([]);
  },
);

test.each(ahead)(
  'nor does one that moves meanwhile, once it is gone (%i, answers at once: %s)',
  async (count, atOnce) => {
    const { kernel, journal, installer } = host(atOnce);
    const child = await installer.install(childSaSpec());
    const elsewhere = { local: ip('10.1.0.1'), remote: ip('192.0.2.77') };
    const following = installer.reroute();
    await steps(count);
    await Promise.all([child.move(elsewhere), following]);
    await child.remove();
    expect([...kernel.routes.keys()]).toEqual([]);
    expect(journal.recorded()).toEqual([]);
  },
);

test.each(ahead)(
  'nor one that begins to send meanwhile (%i, answers at once: %s)',
  async (count, atOnce) => {
    const { kernel, journal, installer } = host(atOnce);
    const first = await installer.install(childSaSpec());
    const child = await installer.install(
      childSaSpec({ spiIn: first.spec.spiOut, spiOut: first.spec.spiIn }),
      { outbound: false },
    );
    const sending = child.installOutbound();
    await steps(count);
    await Promise.all([installer.reroute(), sending]);
    await child.remove();
    await first.remove();
    expect([...kernel.routes.keys()]).toEqual([]);
    expect(journal.recorded()).toEqual([]);
  },
);

test.each(ahead)(
  'nor does one that goes while it begins to send (%i, answers at once: %s)',
  async (count, atOnce) => {
    const { kernel, journal, installer } = host(atOnce);
    const child = await installer.install(childSaSpec(), { outbound: false });
    const sending = child.installOutbound();
    await steps(count);
    await Promise.all([child.remove(), sending]);
    expect(kernel.empty).toBe(true);
    expect(journal.recorded()).toEqual([]);
  },
);

test('what is refused keeps nothing else from its turn', async () => {
  const { kernel, journal, installer } = host();
  const child = await installer.install(childSaSpec(), { outbound: false });
  kernel.refuse((operation) => (operation === 'addSa' ? 'ENOMEM' : undefined));
  const sending = child.installOutbound();
  const removed = child.remove();
  await expect(sending).rejects.toMatchObject({ errnoName: 'ENOMEM' });
  await removed;
  expect(kernel.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});
