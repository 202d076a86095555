import { expect, test } from 'vitest';
import type { KernelEvent } from '../../../daemon/contracts/kernel.ts';
import type { Logger } from '../../../daemon/contracts/logger.ts';
import { KernelInstaller } from '../../../daemon/kernel/installer.ts';
import { MemoryJournal } from '../../../daemon/kernel/memory-journal.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { carry } from '../../sim/carry.ts';
import { FakeKernel } from '../../sim/fake-kernel.ts';
import { SeededRandom } from '../../sim/seeded-random.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { childSaSpec, mirrored } from '../../support/child-sa-specs.ts';
import { ip, ts } from '../../support/selectors.ts';

function host(addresses: readonly string[] = ['192.0.2.1', '10.1.0.1'], answersAtOnce = false) {
  const kernel = new FakeKernel(new SeededRandom(3), addresses.map(ip));
  kernel.answersAtOnce = answersAtOnce;
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

test.each([false, true])(
  'installs in the order that neither leaks nor drops, and removes in the order that does not either (at once: %s)',
  async (atOnce) => {
    const { kernel, installer, journal } = host(undefined, atOnce);
    const spec = await reserved(installer);
    kernel.calls.length = 0;
    const child = await installer.install(spec);
    const [spiIn, spiOut] = [spec.spiIn.toString(16), spec.spiOut.toString(16)];
    expect(kernel.calls).toEqual([
      `addSa in ${spiIn}`,
      `addSa out ${spiOut}`,
      'addPolicy in',
      'addPolicy fwd',
      'addRoute 10.2.0.0/16',
      'addPolicy out',
    ]);
    kernel.calls.length = 0;
    await child.remove();
    expect(kernel.calls).toEqual([
      'deletePolicy out',
      'deleteRoute 10.2.0.0/16',
      `deleteSa ${spiOut}`,
      `deleteSa ${spiIn}`,
      'deletePolicy fwd',
      'deletePolicy in',
    ]);
    expect(kernel.empty).toBe(true);
    expect(journal.recorded()).toEqual([]);
    kernel.calls.length = 0;
    await child.remove();
    expect(kernel.calls).toEqual([]);
  },
);

test.each([false, true])(
  'whatever call fails, nothing is left and the error comes out (at once: %s)',
  async (atOnce) => {
    const reference = host(undefined, atOnce);
    const spec = await reserved(reference.installer);
    reference.kernel.calls.length = 0;
    await reference.installer.install(spec);
    const steps = reference.kernel.calls.length;
    expect(steps).toBe(6);
    for (let failing = 0; failing < steps; failing++) {
      const { kernel, installer, journal } = host(undefined, atOnce);
      const own = await reserved(installer);
      let what = '';
      kernel.refuse((operation, index) => {
        if (index !== failing) return undefined;
        what = operation;
        return 'ENOMEM';
      });
      const outcome = (async () => installer.install(own))();
      if (failing === 4) {
        // A route is a convenience: the tunnel stands without it.
        await (await outcome).remove();
        expect(what).toBe('addRoute');
      } else {
        const error = await outcome.catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ errnoName: 'ENOMEM', operation: what });
      }
      expect(kernel.empty, what).toBe(true);
      expect(journal.recorded(), what).toEqual([]);
    }
  },
);

test.each([false, true])(
  'when undoing fails too, closing tries again and the journal still knows (at once: %s)',
  async (atOnce) => {
    const { kernel, installer, journal, lines } = host(undefined, atOnce);
    const child = await installer.install(await reserved(installer));
    kernel.refuse((operation) => (operation.startsWith('delete') ? 'ENOMEM' : undefined));
    await child.remove();
    expect(lines.join('\n')).toContain('ENOMEM');
    expect(journal.recorded().length).toBe(
      kernel.sas.size + kernel.policies.size + kernel.routes.size,
    );
    expect(kernel.empty).toBe(false);
    kernel.refuse(() => undefined);
    await installer.close();
    expect(kernel.empty).toBe(true);
    expect(journal.recorded()).toEqual([]);
  },
);

test('both ends carry packets, in the tunnel and not beside it', async () => {
  const [moon, carol] = [host(), host(['192.0.2.2', '10.2.0.1'])];
  const spec = childSaSpec();
  await moon.installer.install(spec);
  await carol.installer.install(mirrored(spec));
  const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'protected', spi: spec.spiOut });
  expect(carry(carol.kernel, moon.kernel, back)).toEqual({ kind: 'protected', spi: spec.spiIn });
  expect(
    carry(moon.kernel, carol.kernel, { source: ip('10.1.0.5'), destination: ip('10.3.0.5') }),
  ).toEqual({ kind: 'clear' });
  const stranger = host(['192.0.2.3']);
  expect(carry(stranger.kernel, carol.kernel, there).kind).toBe('dropped');
});

test('keys that do not match are noticed', async () => {
  const [moon, carol] = [host(), host(['192.0.2.2'])];
  const spec = childSaSpec();
  await moon.installer.install(spec);
  await carol.installer.install({
    ...spec,
    local: spec.remote,
    remote: spec.local,
    spiIn: spec.spiOut,
  });
  const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  expect(carry(moon.kernel, carol.kernel, packet)).toEqual({
    kind: 'dropped',
    why: 'encryption keys differ',
  });
});

test('CHILD_SAs of equal selectors share policies; the newest sends, and no packet meets a gap', async () => {
  const [moon, carol] = [host(), host(['192.0.2.2'])];
  const old = childSaSpec();
  const fresh = childSaSpec({ spiIn: 0xc0000011 as ChildSpi, spiOut: 0xc0000012 as ChildSpi });
  const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  const [oldMoon] = [
    await moon.installer.install(old),
    await carol.installer.install(mirrored(old)),
  ];
  await carol.installer.install(mirrored(fresh));
  const freshMoon = await moon.installer.install(fresh);
  expect(moon.kernel.policies.size).toBe(3);
  expect(carry(moon.kernel, carol.kernel, packet)).toEqual({
    kind: 'protected',
    spi: fresh.spiOut,
  });
  moon.kernel.calls.length = 0;
  await oldMoon.remove();
  expect(moon.kernel.calls.filter((call) => call.includes('Policy'))).toEqual([]);
  expect(carry(moon.kernel, carol.kernel, packet)).toEqual({
    kind: 'protected',
    spi: fresh.spiOut,
  });
  await freshMoon.remove();
  expect(moon.kernel.empty).toBe(true);
});

test('when the newest goes first, the older one sends again by one replacement', async () => {
  const { kernel, installer } = host();
  await installer.install(childSaSpec());
  const fresh = await installer.install(
    childSaSpec({ spiIn: 0xc0000011 as ChildSpi, spiOut: 0xc0000012 as ChildSpi }),
  );
  kernel.calls.length = 0;
  await fresh.remove();
  expect(kernel.calls.filter((call) => call.includes('Policy'))).toEqual(['addPolicy out']);
  const out = [...kernel.policies.values()].find((policy) => policy.direction === 'out');
  expect(out?.templates[0]?.spi).toBe(0xc0000002);
});

test('a CHILD_SA moves: SAs, policies and routes follow, and packets pass before and after', async () => {
  const [moon, carol] = [host(), host(['192.0.2.2', '198.51.100.9', '10.2.0.1'])];
  const spec = childSaSpec();
  const [ours, theirs] = [
    await moon.installer.install(spec),
    await carol.installer.install(mirrored(spec)),
  ];
  const packet = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  const records = moon.journal.recorded().length;
  const elsewhere = ip('198.51.100.9');
  const encap = { localPort: 4500, remotePort: 4500 };
  moon.kernel.calls.length = 0;
  await ours.move({ local: spec.local, remote: elsewhere, encap });
  const sas = [...moon.kernel.sas.values()].map(({ sa }) => sa);
  expect(sas.find((sa) => sa?.direction === 'in')).toMatchObject({
    source: elsewhere,
    destination: spec.local,
    encap: { sourcePort: 4500, destinationPort: 4500 },
  });
  expect(sas.find((sa) => sa?.direction === 'out')).toMatchObject({ destination: elsewhere });
  const templates = [...moon.kernel.policies.values()].flatMap((policy) => policy.templates);
  expect(templates.map((one) => [one.source, one.destination])).toEqual([
    [elsewhere, spec.local],
    [elsewhere, spec.local],
    [spec.local, elsewhere],
  ]);
  await theirs.move({ local: elsewhere, remote: spec.local, encap });
  expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  expect(moon.journal.recorded()).toHaveLength(records);
  await ours.remove();
  expect(moon.kernel.empty).toBe(true);
  expect(moon.journal.recorded()).toEqual([]);
  await ours.move({ local: spec.local, remote: spec.remote });
  expect(moon.kernel.empty).toBe(true);
});

test('of two CHILD_SAs of equal selectors the newest still sends after both moved', async () => {
  const { kernel, installer } = host();
  const old = await installer.install(childSaSpec());
  const spis = { spiIn: 0xc0000011 as ChildSpi, spiOut: 0xc0000012 as ChildSpi };
  const fresh = await installer.install(childSaSpec(spis));
  const ends = { local: ip('192.0.2.1'), remote: ip('198.51.100.9') };
  const sending = (): number | undefined =>
    [...kernel.policies.values()].find((policy) => policy.direction === 'out')?.templates[0]?.spi;
  await fresh.move(ends);
  await old.move(ends);
  expect(sending()).toBe(spis.spiOut);
  await fresh.remove();
  expect(sending()).toBe(0xc0000002);
  await old.remove();
  expect(kernel.empty).toBe(true);
});

test('rejects_to_move_where_the_kernel_refuses, and still removes everything', async () => {
  for (const failing of ['in', 'out']) {
    const { kernel, installer, journal } = host();
    const child = await installer.install(childSaSpec());
    kernel.refuse((operation) => {
      const last = kernel.calls.filter((call) => call.startsWith('moveSa')).length;
      return operation === 'moveSa' && last === (failing === 'in' ? 0 : 1) ? 'ENOKEY' : undefined;
    });
    const ends = { local: ip('192.0.2.1'), remote: ip('198.51.100.9') };
    const outcome = child.move(ends);
    await expect(outcome, failing).rejects.toMatchObject({ errnoName: 'ENOKEY' });
    await child.remove();
    expect(kernel.empty).toBe(true);
    expect(journal.recorded()).toEqual([]);
  }
});

test('many at once end in the same place as one after the other', async () => {
  const { kernel, installer, journal } = host();
  const specs = Array.from({ length: 50 }, (_, i) =>
    childSaSpec({ spiIn: (0xc0001000 + i) as ChildSpi, spiOut: (0xc0002000 + i) as ChildSpi }),
  );
  const children = await Promise.all(specs.map((spec) => installer.install(spec)));
  expect(kernel.policies.size).toBe(3);
  expect(kernel.sas.size).toBe(100);
  await Promise.all(children.map((child) => child.remove()));
  expect(kernel.empty).toBe(true);
  expect(journal.recorded()).toEqual([]);
});

test('policies of different interfaces take different places', async () => {
  const { kernel, installer } = host();
  await installer.install(childSaSpec({ interface: 'eth0' }));
  const other = await installer.install(
    childSaSpec({
      interface: 'eth1',
      spiIn: 0xc0000011 as ChildSpi,
      spiOut: 0xc0000012 as ChildSpi,
    }),
  );
  // What comes in may come by any interface.
  expect(kernel.policies.size).toBe(4);
  await other.remove();
  expect([...kernel.policies.values()].map((policy) => policy.interfaceName)).toEqual([
    undefined,
    undefined,
    'eth0',
  ]);
});

test('a foreign policy in our place is refused with a sentence and left alone', async () => {
  const { kernel, installer, journal } = host();
  const other = host();
  await other.installer.install(childSaSpec({ reqid: 99 }));
  for (const [key, policy] of other.kernel.policies) kernel.policies.set(key, policy);
  await expect(installer.install(await reserved(installer))).rejects.toThrow(
    /policy in 10\.2\.0\.0\/16 === 10\.1\.0\.0\/16 that is not ours/,
  );
  expect([...kernel.policies.values()]).toEqual([...other.kernel.policies.values()]);
  expect(kernel.sas.size).toBe(0);
  expect(journal.recorded()).toEqual([]);
});

test('an outbound SPI in use is refused, saying whose it is', async () => {
  const { kernel, installer } = host();
  await installer.install(childSaSpec());
  await expect(installer.install(childSaSpec({ spiIn: 0xc0000099 as ChildSpi }))).rejects.toThrow(
    /another CHILD_SA of ours still uses/,
  );
  expect(kernel.sas.size).toBe(2);
  const other = host();
  await new KernelInstaller({ ...deps(other), journal: new MemoryJournal() }).install(
    childSaSpec(),
  );
  await expect(
    other.installer.install(childSaSpec({ spiIn: 0xc0000099 as ChildSpi, reqid: 5 })),
  ).rejects.toThrow(/SPI c0000002 towards 192\.0\.2\.2 that is not ours/);
  expect(other.kernel.sas.size).toBe(2);
});

test('a successor removes exactly what a killed predecessor left: SAs at once, the rest when told', async () => {
  const moon = host();
  await moon.installer.start();
  await moon.installer.install(await reserved(moon.installer));
  await moon.installer.allocateSpi(ip('192.0.2.1'), ip('192.0.2.9'), 50, 4);
  const foreign = new KernelInstaller({ ...deps(moon), journal: new MemoryJournal() });
  await foreign.install(
    childSaSpec({
      reqid: 77,
      spiIn: 0xd0000001 as ChildSpi,
      spiOut: 0xd0000002 as ChildSpi,
      remote: ip('192.0.2.7'),
      remoteTs: [ts('10.7.0.0/16')],
    }),
  );
  const successor = moon.build();
  await successor.start();
  expect([...moon.kernel.sas.values()].map(({ id }) => id.reqid)).toEqual([77, 77]);
  expect(moon.kernel.policies.size).toBe(6);
  expect(successor.hasLeftovers).toBe(true);
  await successor.dropLeftovers();
  expect(successor.hasLeftovers).toBe(false);
  expect(moon.kernel.policies.size).toBe(3);
  expect([...moon.kernel.routes.values()].map((route) => route.destination)).toEqual(['10.7.0.0']);
  expect(moon.journal.recorded()).toEqual([]);
});

test("what took the place of a predecessor's object since is left alone", async () => {
  const moon = host();
  await moon.installer.install(childSaSpec());
  const records = moon.journal.recorded();
  await moon.installer.close();
  const foreign = new KernelInstaller({ ...deps(moon), journal: new MemoryJournal() });
  await foreign.install(childSaSpec({ reqid: 88 }));
  for (const record of records) moon.journal.add(record);
  await moon.build().start();
  expect(moon.kernel.sas.size).toBe(2);
  expect(moon.kernel.policies.size).toBe(3);
});

test('what could not be removed at start stays in the journal', async () => {
  const moon = host();
  await moon.installer.install(childSaSpec());
  moon.kernel.refuse((operation) => (operation === 'deleteSa' ? 'EPERM' : undefined));
  const first = moon.build();
  await first.start();
  await first.dropLeftovers();
  expect(moon.journal.recorded()).toHaveLength(2);
  moon.kernel.refuse(() => undefined);
  await moon.build().start();
  expect(moon.journal.recorded()).toEqual([]);
  expect(moon.kernel.empty).toBe(true);
});

test('routes have the configured MTU and MSS, and the rule its mark', async () => {
  const { kernel, installer, settings } = host();
  const mark = { value: 0x42, mask: 0xff, invert: true };
  Object.assign(settings, { routeMtu: 1300, routeMss: 1260, ruleMark: mark });
  await installer.start();
  expect([...kernel.rules]).toEqual(['220 220 !66/255']);
  const child = await installer.install(childSaSpec());
  expect([...kernel.routes.values()]).toMatchObject([{ mtu: 1300, mss: 1260 }]);
  await child.remove();
  await installer.close();
  expect(kernel.rules.size + kernel.routes.size).toBe(0);
});

test('the routing rule comes with start and goes with close, unless routes are off', async () => {
  const { kernel, installer, settings, build } = host();
  await installer.start();
  expect([...kernel.rules]).toEqual(['220 220']);
  await installer.close();
  expect([...kernel.rules]).toEqual([]);
  settings.installRoutes = false;
  const without = build();
  await without.start();
  await without.install(childSaSpec());
  expect(kernel.rules.size + kernel.routes.size).toBe(0);
});

test.each([
  ['in transport mode', { mode: 'transport' }],
  ['with an outbound interface id', { ifIdOut: 5 }],
  ['with a protocol', { remoteTs: [ts('10.2.0.0/16', 6)] }],
  ['without policies', { policies: false }],
  ['without an address of ours inside the local selector', { localTs: [ts('10.8.0.0/16')] }],
] as const)('no route %s', async (_when, more) => {
  const { kernel, installer } = host();
  await installer.install(childSaSpec(more));
  expect(kernel.routes.size).toBe(0);
});

test('a route has our address inside the local selector as source and leads towards the peer', async () => {
  const { kernel, installer } = host();
  await installer.install(childSaSpec());
  expect([...kernel.routes.values()]).toEqual([
    {
      destination: '10.2.0.0',
      prefix: 16,
      table: 220,
      type: 'unicast',
      interfaceName: 'eth0',
      source: '10.1.0.1',
    },
  ]);
});

test('a reserved SPI that is not used is given back, one in use is not', async () => {
  const { kernel, installer, journal } = host();
  const [us, peer] = [ip('192.0.2.1'), ip('192.0.2.2')];
  const spi = await installer.allocateSpi(us, peer, 50, 1);
  expect(journal.recorded()).toHaveLength(1);
  await installer.releaseSpi(us, peer, 50, spi);
  expect(kernel.sas.size).toBe(0);
  expect(journal.recorded()).toEqual([]);
  const spec = await reserved(installer);
  await installer.install(spec);
  await installer.releaseSpi(us, peer, 50, spec.spiIn);
  expect(kernel.sas.size).toBe(2);
});

test('usage is that of the kernel', async () => {
  const { kernel, installer } = host();
  const child = await installer.install(childSaSpec());
  carry(kernel, kernel, { source: ip('10.1.0.5'), destination: ip('10.2.0.5') });
  expect(await child.usage()).toEqual({
    in: { bytes: 0n, packets: 0n },
    out: { bytes: 84n, packets: 1n },
  });
  kernel.sas.clear();
  expect(await child.usage()).toEqual({ in: undefined, out: undefined });
});

test('events pass through, and after an overrun missing SAs are reported as expired', async () => {
  const { kernel, installer, clock } = host();
  const events: KernelEvent[] = [];
  installer.onEvent((event) => events.push(event));
  const spec = childSaSpec();
  await installer.install(spec);
  kernel.expire(spec.spiIn, false);
  expect(events).toMatchObject([{ kind: 'expire', hard: false }]);
  events.length = 0;
  for (const [key, { id }] of kernel.sas) if (id.spi === spec.spiIn) kernel.sas.delete(key);
  kernel.raise({ kind: 'overrun' });
  kernel.raise({ kind: 'overrun' });
  while (clock.step());
  await new Promise((resolve) => setImmediate(resolve));
  expect(events.filter((event) => event.kind !== 'overrun')).toMatchObject([
    { kind: 'expire', hard: true, id: { spi: spec.spiIn, destination: '192.0.2.1', protocol: 50 } },
  ]);
});

function deps(of: ReturnType<typeof host>) {
  const logger: Logger = { enabled: () => false, log: () => undefined, forIke: () => logger };
  return {
    kernel: of.kernel,
    net: of.kernel,
    clock: of.clock,
    logger,
    settings: () => of.settings,
  };
}
