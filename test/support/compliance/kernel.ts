import { expect, test } from 'vitest';
import type {
  KernelIpsec,
  KernelLifetime,
  KernelPolicy,
  KernelSa,
} from '../../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { ip, ts } from '../selectors.ts';

/** What a kernel under test is run with. */
export interface KernelSubject {
  /** A kernel without SAs and policies. */
  readonly create: () => Promise<KernelIpsec>;
  /** Whether it keeps what it is given; `kernel-null` does not. Default true. */
  readonly keeps?: boolean;
}

const local = ip('192.0.2.1');
const remote = ip('192.0.2.2');
const min = 0xc0000000;
const max = 0xcfffffff;

const unlimited: KernelLifetime = {
  softSeconds: 0,
  hardSeconds: 0,
  softBytes: 0n,
  hardBytes: 0n,
  softPackets: 0n,
  hardPackets: 0n,
};

function sa(direction: 'in' | 'out', spi: ChildSpi, more: Partial<KernelSa> = {}): KernelSa {
  return {
    source: direction === 'in' ? remote : local,
    destination: direction === 'in' ? local : remote,
    spi,
    protocol: 50,
    direction,
    reqid: 7,
    mode: 'tunnel',
    lifetime: unlimited,
    // AES-GCM with a 16-octet ICV: 128 bits of key and 4 octets of salt.
    encryption: { id: 20, keyBits: 128, key: new Uint8Array(20).fill(9) },
    esn: false,
    replayWindow: direction === 'in' ? 32 : 0,
    copyDf: true,
    copyEcn: true,
    copyDscp: 'out',
    ...more,
  };
}

function policy(
  direction: KernelPolicy['direction'],
  more: Partial<KernelPolicy> = {},
): KernelPolicy {
  const outbound = direction === 'out';
  return {
    direction,
    source: outbound ? ts('10.1.0.0/16') : ts('10.2.0.0/16'),
    destination: outbound ? ts('10.2.0.0/16') : ts('10.1.0.0/16'),
    action: 'allow',
    priority: 383615,
    templates: [
      {
        source: outbound ? local : remote,
        destination: outbound ? remote : local,
        spi: outbound ? 0x1234 : 0,
        protocol: 50,
        mode: 'tunnel',
        reqid: 7,
        optional: false,
      },
    ],
    ...more,
  };
}

/** What every implementation of {@link KernelIpsec} promises, as tests. */
export function kernelCompliance(subject: KernelSubject): void {
  const keeps = subject.keeps ?? true;

  test('SPIs are different and within the asked range', async () => {
    await using kernel = await subject.create();
    const spis = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const spi = await kernel.allocateSpi(remote, local, 50, 7, min, max);
      expect(spi).toBeGreaterThanOrEqual(min);
      expect(spi).toBeLessThanOrEqual(max);
      spis.add(spi);
    }
    expect(spis.size).toBe(50);
    for (const spi of spis) {
      await kernel.deleteSa({
        source: remote,
        destination: local,
        spi: spi as ChildSpi,
        protocol: 50,
      });
    }
    expect(await kernel.listSas()).toEqual([]);
  });

  test('a range of one SPI gives exactly that one', async () => {
    await using kernel = await subject.create();
    expect(await kernel.allocateSpi(remote, local, 50, 7, min, min)).toBe(min);
  });

  test('an inbound SA completes its reservation and an outbound one stands alone', async () => {
    await using kernel = await subject.create();
    const spi = await kernel.allocateSpi(remote, local, 50, 7, min, max);
    await kernel.addSa(sa('in', spi));
    await kernel.addSa(sa('out', 0x1234 as ChildSpi));
    if (keeps) {
      const listed = await kernel.listSas();
      expect(listed).toHaveLength(2);
      expect(listed).toContainEqual({
        source: remote,
        destination: local,
        spi,
        protocol: 50,
        reqid: 7,
      });
      expect(listed).toContainEqual({
        source: local,
        destination: remote,
        spi: 0x1234,
        protocol: 50,
        reqid: 7,
      });
      expect(await kernel.querySa(sa('in', spi))).toMatchObject({ bytes: 0n, packets: 0n });
    }
    await kernel.deleteSa(sa('out', 0x1234 as ChildSpi));
    await kernel.deleteSa(sa('in', spi));
    expect(await kernel.listSas()).toEqual([]);
    expect(await kernel.querySa(sa('in', spi))).toBeUndefined();
  });

  test('an inbound SA whose reservation expired is added all the same', async () => {
    await using kernel = await subject.create();
    const spi = await kernel.allocateSpi(remote, local, 50, 7, min, max);
    await kernel.deleteSa({ source: remote, destination: local, spi, protocol: 50 });
    await kernel.addSa(sa('in', spi));
    if (keeps) expect(await kernel.listSas()).toHaveLength(1);
    await kernel.deleteSa(sa('in', spi));
  });

  test('SAs of every kind are taken', async () => {
    await using kernel = await subject.create();
    const mac = { id: 12, key: new Uint8Array(32).fill(3) };
    const selector = { source: ts('10.1.0.1'), destination: ts('10.2.0.1') };
    const iptfs = {
      dropTimeMicros: 1_000_000,
      reorderWindow: 3,
      dontFragment: false,
      initDelayMicros: 0,
      maxQueueOctets: 1_048_576,
      packetOctets: 0,
    };
    const kinds: Partial<KernelSa>[] = [
      { esn: true, replayWindow: 256 },
      { mode: 'transport', replayWindow: 0 },
      { mode: 'beet', selector },
      { copyDf: false, copyEcn: false, copyDscp: 'in', icmp: true, tfcPadding: 0xffff },
      {
        copyDscp: 'no',
        setMark: { value: 7, mask: 0xff },
        mark: { value: 5, mask: 0xff },
        ifId: 9,
      },
      { cpu: 0 },
    ];
    if (kernel.supportsMode('iptfs')) kinds.push({ mode: 'iptfs', iptfs });
    const ah: Partial<KernelSa> = { protocol: 51, integrity: mac, esn: true, replayWindow: 64 };
    if (kernel.supports(51, undefined, undefined, 12)) kinds.push(ah);
    if (kernel.supports(108, undefined, undefined, undefined)) kinds.push({ protocol: 108 });
    for (const [index, kind] of kinds.entries()) {
      for (const direction of ['in', 'out'] as const) {
        const { encryption, ...plain } = sa(direction, (0x1000 + index) as ChildSpi, kind);
        const made = plain.protocol === 50 && encryption ? { ...plain, encryption } : plain;
        const what = `${direction} ${JSON.stringify(kind)}`;
        expect(await kernel.addSa(made), what).toBeUndefined();
        if (keeps) expect(await kernel.querySa(made), what).toBeDefined();
        const to = { source: ip('198.51.100.9'), destination: ip('198.51.100.10') };
        await expect(kernel.moveSa(made, to), what).resolves.toBeUndefined();
        await kernel.deleteSa({ ...made, ...to });
        if (keeps) expect(await kernel.querySa({ ...made, ...to }), what).toBeUndefined();
      }
    }
    expect(await kernel.listSas()).toEqual([]);
  });

  test('the ports of encapsulation change and nothing else does', async () => {
    await using kernel = await subject.create();
    const spi = await kernel.allocateSpi(remote, local, 50, 7, min, max);
    const encap = { sourcePort: 4500, destinationPort: 4500 };
    await kernel.addSa(sa('in', spi, { encap }));
    const before = await kernel.listSas();
    const rebound = { sourcePort: 20_001, destinationPort: 4500 };
    await kernel.moveSa(sa('in', spi), { source: remote, destination: local, encap: rebound });
    expect(await kernel.listSas()).toEqual(before);
    await kernel.deleteSa(sa('in', spi));
    expect(await kernel.listSas()).toEqual([]);
  });

  test('SAs move to other ends, and their policies with them', async () => {
    await using kernel = await subject.create();
    const elsewhere = ip('198.51.100.9');
    const spi = await kernel.allocateSpi(remote, local, 50, 7, min, max);
    await kernel.addSa(sa('in', spi));
    await kernel.addSa(sa('out', 0x1234 as ChildSpi));
    await kernel.addPolicy(policy('out'));
    const encap = { sourcePort: 4500, destinationPort: 4500 };
    await kernel.moveSa(sa('in', spi), { source: elsewhere, destination: local, encap });
    const leading = policy('out');
    const templates = leading.templates.map((one) => ({ ...one, destination: elsewhere }));
    await kernel.moveSa(
      sa('out', 0x1234 as ChildSpi),
      { source: local, destination: elsewhere, encap },
      [{ ...leading, templates }],
    );
    const named = { protocol: 50, reqid: 7 };
    const into = { source: elsewhere, destination: local, spi, ...named };
    const out = { source: local, destination: elsewhere, spi: 0x1234 as ChildSpi, ...named };
    if (keeps) {
      const listed = await kernel.listSas();
      expect(listed).toHaveLength(2);
      expect(listed).toContainEqual(into);
      expect(listed).toContainEqual(out);
      expect(await kernel.listPolicies()).toEqual([{ ...leading, templates }]);
    }
    await kernel.deletePolicy(leading);
    await kernel.deleteSa({ ...into, protocol: 50 });
    await kernel.deleteSa({ ...out, protocol: 50 });
    expect(await kernel.listSas()).toEqual([]);
  });

  test('deleting what is not there is no error', async () => {
    await using kernel = await subject.create();
    await kernel.deleteSa(sa('out', 0x4711 as ChildSpi));
    await kernel.deletePolicy(policy('out'));
  });

  test('forgetting an acquire that never was is no error and leaves nothing', async () => {
    await using kernel = await subject.create();
    const wanted = { source: local, destination: remote, protocol: 50, mode: 'tunnel' } as const;
    await kernel.forgetAcquire({ ...wanted, reqid: 7 });
    await kernel.forgetAcquire({ ...wanted, mode: 'transport', reqid: 8, ifId: 4 });
    expect(await kernel.listSas()).toEqual([]);
  });

  test('a policy is listed as it was added', async () => {
    await using kernel = await subject.create();
    const added = [
      policy('out'),
      policy('in'),
      policy('fwd'),
      policy('out', { source: ts('10.1.0.0/16', 6), destination: ts('10.2.0.0/16', 6, 80) }),
      policy('out', { mark: { value: 5, mask: 0xffffffff }, ifId: 9, priority: 12 }),
      policy('in', { source: ts('2001:db8:2::/48'), destination: ts('2001:db8:1::/48') }),
    ];
    for (const one of added) await kernel.addPolicy(one, { exclusive: true });
    if (keeps) {
      const listed = await kernel.listPolicies();
      expect(listed).toHaveLength(added.length);
      for (const one of added) expect(listed).toContainEqual(one);
    }
    for (const one of added) await kernel.deletePolicy(one);
    expect(await kernel.listPolicies()).toEqual([]);
  });

  test('adding a policy again replaces it', async () => {
    await using kernel = await subject.create();
    await kernel.addPolicy(policy('out'));
    await kernel.addPolicy(policy('out', { priority: 100 }));
    if (keeps) expect(await kernel.listPolicies()).toEqual([policy('out', { priority: 100 })]);
    await kernel.deletePolicy(policy('out'));
  });

  if (keeps) {
    test('rejects_a_second_sa_of_the_same_spi with EEXIST', async () => {
      await using kernel = await subject.create();
      await kernel.addSa(sa('out', 0x1234 as ChildSpi));
      await expect(kernel.addSa(sa('out', 0x1234 as ChildSpi))).rejects.toMatchObject({
        code: 'KERNEL',
        errno: 17,
        errnoName: 'EEXIST',
      });
      await kernel.deleteSa(sa('out', 0x1234 as ChildSpi));
    });

    test('rejects_to_move_an_sa_that_is_not_there or to where another one is', async () => {
      await using kernel = await subject.create();
      const [one, other] = [sa('out', 0x1234 as ChildSpi), sa('out', 0x1235 as ChildSpi)];
      const elsewhere = ip('198.51.100.9');
      const to = { source: local, destination: elsewhere };
      await expect(kernel.moveSa(one, to)).rejects.toMatchObject({ errnoName: 'ESRCH' });
      await kernel.addSa({ ...one, destination: elsewhere });
      await kernel.addSa(one);
      await kernel.addSa(other);
      await expect(kernel.moveSa(one, to)).rejects.toMatchObject({ errnoName: 'EEXIST' });
      expect(await kernel.listSas()).toHaveLength(3);
      await kernel.deleteSa({ ...one, destination: elsewhere });
      for (const sa of [one, other]) await kernel.deleteSa(sa);
    });

    test('rejects_sas_that_make_no_sense with EINVAL', async () => {
      await using kernel = await subject.create();
      const { encryption: _, ...bare } = sa('out', 0x1234 as ChildSpi);
      const refused: Record<string, KernelSa> = {
        'of two families': { ...bare, destination: ip('2001:db8::1') },
        'padding beyond any packet': sa('out', 0x1234 as ChildSpi, { tfcPadding: 0x1_0000 }),
      };
      if (kernel.supports(51, undefined, undefined, 12)) {
        refused['AH without a key'] = { ...bare, protocol: 51 };
      }
      if (kernel.supports(108, undefined, undefined, undefined)) {
        refused['IPComp in BEET mode'] = { ...bare, protocol: 108, mode: 'beet' };
        refused['a CPI of more than 16 bits'] = {
          ...bare,
          protocol: 108,
          spi: 0x1_0000 as ChildSpi,
        };
      }
      for (const [what, one] of Object.entries(refused)) {
        await expect(kernel.addSa(one), what).rejects.toMatchObject({ errnoName: 'EINVAL' });
      }
      expect(await kernel.listSas()).toEqual([]);
    });

    test('rejects_an_exclusive_policy_whose_place_is_taken with EEXIST', async () => {
      await using kernel = await subject.create();
      await kernel.addPolicy(policy('out'), { exclusive: true });
      await expect(
        kernel.addPolicy(policy('out', { priority: 1 }), { exclusive: true }),
      ).rejects.toMatchObject({ code: 'KERNEL', errno: 17, errnoName: 'EEXIST' });
      expect(await kernel.listPolicies()).toEqual([policy('out')]);
      await kernel.deletePolicy(policy('out'));
    });
  }

  test('keys may be wiped as soon as the SA is added', async () => {
    await using kernel = await subject.create();
    const key = new Uint8Array(20).fill(9);
    await kernel.addSa(
      sa('out', 0x1235 as ChildSpi, { encryption: { id: 20, keyBits: 128, key } }),
    );
    key.fill(0);
    await kernel.deleteSa(sa('out', 0x1235 as ChildSpi));
  });
}
