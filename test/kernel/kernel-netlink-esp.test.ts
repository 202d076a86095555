import { expect, test } from 'vitest';
import type { KernelSa } from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { type SaId, XfrmClient } from '../../native/index.ts';
import { openNetlinkKernel } from '../../plugins/kernel-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { kernelCompliance } from '../support/compliance/kernel.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { espSa, octets } from '../support/native-values.ts';
import { OwnNamespace } from '../support/own-namespace.ts';
import { ip } from '../support/selectors.ts';

const namespace = new OwnNamespace();

/** An SA that receives from the peer. */
const INBOUND: KernelSa = {
  source: ip('192.0.2.2'),
  destination: ip('192.0.2.1'),
  spi: 0xc0ffee01 as ChildSpi,
  protocol: 50,
  direction: 'in',
  reqid: 7,
  mode: 'tunnel',
  lifetime: {
    softSeconds: 3000,
    hardSeconds: 3600,
    softBytes: 0n,
    hardBytes: 0n,
    softPackets: 0n,
    hardPackets: 0n,
  },
  encryption: { id: 20, keyBits: 128, key: new Uint8Array(20).fill(9) },
  esn: true,
  replayWindow: 64,
  encap: { sourcePort: 4500, destinationPort: 4500 },
  mark: { value: 5, mask: 0xff },
  copyDf: true,
  copyEcn: true,
  copyDscp: 'out',
};

describeWith(['net-admin', 'esp'], 'kernel-netlink keeps the contract KernelIpsec', () => {
  namespace.forEach();
  kernelCompliance({
    create: async () => (await openNetlinkKernel(new MemoryLog())).ipsec,
  });

  test('the algorithms of the kernel are found', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    expect(ipsec.supports(50, 20, 256, undefined)).toBe(true);
    expect(ipsec.supports(50, 12, 128, 12)).toBe(true);
    expect(ipsec.supports(50, 28, undefined, undefined)).toBe(true);
    expect(ipsec.supports(51, undefined, undefined, 12)).toBe(true);
    // AES-CBC without integrity, AES-GCM with, and one that nobody has.
    expect(ipsec.supports(50, 12, 128, undefined)).toBe(false);
    expect(ipsec.supports(50, 20, 256, 12)).toBe(false);
    expect(ipsec.supports(50, 4711, 128, 12)).toBe(false);
    expect(await ipsec.listSas()).toEqual([]);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('encapsulation follows a rebound NAT, and key, window and marks stay', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    const sa = INBOUND;
    await ipsec.addSa(sa);
    const before = namespace.ip('xfrm state');
    expect(before).toContain('sport 4500 dport 4500');
    const encap = { sourcePort: 20_001, destinationPort: 4500 };
    await ipsec.moveSa(sa, { source: sa.source, destination: sa.destination, encap });
    const after = namespace.ip('xfrm state');
    expect(after).toBe(before.replace('sport 4500', 'sport 20001'));
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });
});

describeWith(['net-admin', 'esp'], 'kernel-netlink moves SAs', () => {
  namespace.forEach();

  const use = { bytes: 4200n, packets: 50n, addTime: 1_700_000_000n, useTime: 1_700_000_001n };
  const [before, after] = ['192.0.2.2', '198.51.100.9'];
  const old = (direction: 'in' | 'out', esn: boolean) => ({
    source: ip(direction === 'in' ? before : '192.0.2.1'),
    destination: ip(direction === 'in' ? '192.0.2.1' : before),
    spi: 0x1234 as ChildSpi,
    protocol: 50 as const,
    direction,
    esn,
  });

  /** An SA that has been in use, put in beside the plugin. */
  function addUsed(client: XfrmClient, direction: 'in' | 'out', esn: boolean): Promise<void> {
    const { source, destination, spi } = old(direction, esn);
    const seen = { oseq: 0, oseqHigh: 0, seq: 50, seqHigh: esn ? 3 : 0, bitmap: [0xff, 0x10] };
    const sent = { oseq: 50, oseqHigh: esn ? 3 : 0, seq: 0, seqHigh: 0 };
    return client.addSa(
      espSa(source, destination, spi, {
        direction,
        esn,
        replayWindow: direction === 'in' ? 64 : 0,
        replay: direction === 'in' ? seen : sent,
        startUse: use,
        extraFlags: direction === 'in' ? 0 : 1,
        setMark: { value: 7, mask: 0xff },
        tfcPad: direction === 'in' ? 0 : 100,
      }),
    );
  }

  test.each([
    ['to another remote address', { local: '192.0.2.1', remote: after }],
    ['to another local address', { local: '192.0.2.77', remote: before }],
    ['behind a NAT', { local: '192.0.2.1', remote: before, encap: true }],
    ['to other addresses behind a NAT', { local: '192.0.2.77', remote: after, encap: true }],
  ])('%s: counters, windows and numbers go on, and no number is used twice', async (_what, to) => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    using client = new XfrmClient();
    for (const direction of ['in', 'out'] as const) {
      await addUsed(client, direction, true);
      const ends = {
        source: ip(direction === 'in' ? to.remote : to.local),
        destination: ip(direction === 'in' ? to.local : to.remote),
        ...('encap' in to && { encap: { sourcePort: 4500, destinationPort: 4500 } }),
      };
      const found = await client.getSa({ ...native(old(direction, true)) });
      await ipsec.moveSa(old(direction, true), ends);
      const sas = await client.listSas();
      expect(sas).toHaveLength(1);
      const { replay, ...rest } = found ?? {};
      expect(sas[0]).toMatchObject({
        ...rest,
        src: octets(ends.source),
        dst: octets(ends.destination),
        current: use,
      });
      expect(sas[0]?.encap !== undefined).toBe('encap' in to);
      const gone = direction === 'out' ? { oseq: 50 + 2 ** 20, oseqHigh: 3 } : replay;
      expect(sas[0]?.replay).toMatchObject(gone ?? {});
      await client.deleteSa(sas[0] ?? native(old(direction, true)));
    }
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('rejects_to_move_an_sa_whose_numbers_are_nearly_used_up, which stays', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    using client = new XfrmClient();
    const { source, destination, spi } = old('out', false);
    const replay = { oseq: 0xffff_0000, oseqHigh: 0, seq: 0, seqHigh: 0 };
    await client.addSa(espSa(source, destination, spi, { replayWindow: 0, replay }));
    const outcome = ipsec.moveSa(old('out', false), { source, destination: ip(after) });
    await expect(outcome).rejects.toMatchObject({ errnoName: 'EOVERFLOW' });
    expect(await client.listSas()).toMatchObject([{ dst: octets(before), replay }]);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });
});

function native(sa: { readonly destination: string; readonly spi: number }): SaId {
  return { dst: octets(sa.destination), spi: sa.spi, protocol: 50 };
}

function offloaded(direction: 'in' | 'out', hwOffload: 'crypto' | 'packet' | 'auto'): KernelSa {
  const { encap: _, mark: _mark, ...sa } = INBOUND;
  if (direction === 'in') return { ...sa, direction, hwOffload };
  const { source, destination } = sa;
  return { ...sa, direction, replayWindow: 0, source: destination, destination: source, hwOffload };
}

describeWith(['net-admin', 'esp'], 'kernel-netlink asks devices to take over SAs', () => {
  namespace.forEach();

  test.each(['crypto', 'packet'] as const)(
    '%s: refused where the device cannot, and nothing is left',
    async (hwOffload) => {
      const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
      namespace.ip('address add 192.0.2.1/24 dev lo');
      for (const direction of ['in', 'out'] as const) {
        await expect(ipsec.addSa(offloaded(direction, hwOffload))).rejects.toMatchObject({
          errnoName: 'EOPNOTSUPP',
          message: 'interface lo cannot take over SAs as hw_offload wants; auto does without',
        });
      }
      expect(await ipsec.listSas()).toEqual([]);
      await net[Symbol.asyncDispose]();
      await ipsec[Symbol.asyncDispose]();
    },
  );

  test('auto: the kernel does it itself', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    namespace.ip('address add 192.0.2.1/24 dev lo');
    for (const direction of ['in', 'out'] as const) await ipsec.addSa(offloaded(direction, 'auto'));
    expect(await ipsec.listSas()).toHaveLength(2);
    expect(namespace.ip('xfrm state')).not.toContain('offload');
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });
});
