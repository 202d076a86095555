import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { KernelEvent, KernelPolicy } from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { UdpSocket } from '../../native/udp-socket.ts';
import { openNetlinkKernel } from '../../plugins/kernel-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { until } from '../support/native-values.ts';
import { OwnNamespace } from '../support/own-namespace.ts';
import { ip, ts } from '../support/selectors.ts';

const namespace = new OwnNamespace();

describeWith(['net-admin', 'xfrm'], 'kernel-netlink on any kernel with XFRM', () => {
  namespace.forEach();

  const policy: KernelPolicy = {
    direction: 'out',
    source: ts('10.1.0.0/16'),
    destination: ts('10.2.0.0/16'),
    action: 'allow',
    priority: 1000,
    templates: [
      {
        source: ip('192.0.2.1'),
        destination: ip('192.0.2.2'),
        spi: 0,
        protocol: 50,
        mode: 'tunnel',
        reqid: 7,
        optional: false,
      },
    ],
  };

  test('policies, of an interface and of ICMP too, are listed as they were added', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    namespace.ip('link add v0 type veth peer name v1');
    const echo = ts('10.1.0.0/16', 1, 0x0800, 0x08ff);
    const list: KernelPolicy[] = [
      policy,
      { ...policy, direction: 'in', interfaceName: 'v0' },
      { ...policy, source: echo, destination: { ...ts('10.2.0.0/16'), protocol: 1 } },
      {
        ...policy,
        source: ts('10.1.0.0/16', 17, 0x1000, 0x1fff),
        destination: ts('10.2.0.0/16', 17),
      },
      { ...policy, direction: 'fwd', action: 'block', templates: [] },
    ];
    for (const one of list) await ipsec.addPolicy(one, { exclusive: true });
    const listed = await ipsec.listPolicies();
    for (const one of list) expect(listed).toContainEqual(one);
    for (const one of list) await ipsec.deletePolicy(one);
    expect(await ipsec.listPolicies()).toEqual([]);
    await expect(ipsec.addPolicy({ ...policy, interfaceName: 'none' })).rejects.toMatchObject({
      code: 'KERNEL',
      errnoName: 'ENODEV',
    });
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('SPIs are reserved for 165 seconds and given back', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    expect(readFileSync('/proc/sys/net/core/xfrm_acq_expires', 'utf8').trim()).toBe('165');
    const [local, remote] = [ip('192.0.2.1'), ip('192.0.2.2')];
    const spi = await ipsec.allocateSpi(remote, local, 50, 7, 0xc0000000, 0xcfffffff);
    const id = { source: remote, destination: local, spi, protocol: 50 } as const;
    expect(await ipsec.listSas()).toEqual([{ ...id, reqid: 7 }]);
    await ipsec.deleteSa(id);
    await ipsec.deleteSa(id);
    await ipsec.deleteSa({ ...id, spi: 0x4711 as ChildSpi });
    expect(await ipsec.listSas()).toEqual([]);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('an acquire tells what the packet needs, and comes again only once it was forgotten', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    const events: KernelEvent[] = [];
    ipsec.onEvent((event) => events.push(event));
    namespace.ip('link add v0 type veth peer name v1');
    namespace.ip('address add 10.1.0.1/16 dev v0');
    namespace.ip('link set v0 up');
    namespace.ip('link set v1 up');
    namespace.ip('route add 10.2.0.0/16 via 10.1.0.254');
    await ipsec.addPolicy(policy);
    using socket = new UdpSocket({
      family: 4,
      port: 0,
      onBatch: () => undefined,
      onError: () => undefined,
    });
    const remote = Uint8Array.of(10, 2, 0, 5);
    socket.send({ data: Uint8Array.of(1), remote, remotePort: 4711 });
    await until(() => events.length > 0, 'an acquire');
    expect(events[0]).toMatchObject({
      kind: 'acquire',
      reqid: 7,
      source: { protocol: 17, startAddress: Uint8Array.of(10, 1, 0, 1), startPort: socket.port },
      destination: { endAddress: remote, startPort: 4711, endPort: 4711 },
      wanted: { protocol: 50, mode: 'tunnel', reqid: 7 },
    });
    const [first] = events;
    if (first?.kind !== 'acquire') throw new TypeError('no acquire');
    const template = policy.templates[0];
    expect([first.wanted.source, first.wanted.destination]).toEqual([
      template?.source,
      template?.destination,
    ]);
    const another = async (): Promise<boolean> => {
      const before = events.length;
      socket.send({ data: Uint8Array.of(2), remote, remotePort: 4712 });
      await new Promise((resolve) => setTimeout(resolve, 300));
      return events.length > before;
    };
    expect(await another()).toBe(false);
    // Whoever missed it finds it.
    expect(await ipsec.listAcquires()).toEqual([first]);
    await ipsec.forgetAcquire(first.wanted);
    expect(await ipsec.listAcquires()).toEqual([]);
    expect(namespace.ip('xfrm state')).not.toContain('192.0.2');
    expect(await another()).toBe(true);
    expect(await another()).toBe(false);
    await ipsec.forgetAcquire(first.wanted);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('without CAP_NET_ADMIN opening is refused in one sentence', () => {
    const module = new URL('../../plugins/kernel-netlink/open.ts', import.meta.url).pathname;
    const program = `
      import { openNetlinkKernel } from ${JSON.stringify(module)};
      await openNetlinkKernel({ enabled: () => false, log() {} }).catch((error) => console.log(error.code, error.errnoName, error.message));`;
    const node = [process.execPath, '--input-type=module-typescript', '-e', program];
    const { stdout, stderr } = spawnSync(
      'setpriv',
      ['--bounding-set=-net_admin', '--inh-caps=-net_admin', ...node],
      {
        encoding: 'utf8',
      },
    );
    expect(`${stdout}${stderr}`).toMatch(/^KERNEL EPERM .*CAP_NET_ADMIN is needed/);
  });
});
