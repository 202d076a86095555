import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { KernelEvent, KernelPolicy, KernelSa } from '../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../daemon/proto/child-spi.ts';
import { type SaId, XfrmClient } from '../../native/index.ts';
import { UdpSocket } from '../../native/udp-socket.ts';
import { openNetlinkKernel } from '../../plugins/kernel-netlink/open.ts';
import { openTransport } from '../../plugins/socket-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { kernelCompliance } from '../support/compliance/kernel.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { espSa, octets, until } from '../support/native-values.ts';
import { NetNamespace } from '../support/net-namespace.ts';
import { ip, ts } from '../support/selectors.ts';

let namespace: NetNamespace;
const inNamespace = (): void => {
  beforeEach(() => {
    namespace = new NetNamespace();
  });
  afterEach(() => namespace[Symbol.dispose]());
};

describeWith(['net-admin', 'esp'], 'kernel-netlink keeps the contract KernelIpsec', () => {
  inNamespace();
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
    const sa: KernelSa = {
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

describeWith(['net-admin', 'xfrm'], 'kernel-netlink routes', () => {
  inNamespace();

  test('with an MTU and an MSS, looked up by packets without a mark; reservations live as long as asked', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog(), { acquireLifetime: 90 });
    expect(readFileSync('/proc/sys/net/core/xfrm_acq_expires', 'utf8').trim()).toBe('90');
    namespace.ip('link add v0 type veth peer name v1');
    namespace.ip('address add 192.0.2.1/24 dev v0');
    namespace.ip('link set v0 up');
    const mark = { value: 0x42, mask: 0xff, invert: true };
    await net.addRule(220, 220, mark);
    expect(namespace.ip('rule list')).toContain('not from all fwmark 0x42/0xff lookup 220');
    const route = {
      destination: ip('10.9.0.0'),
      prefix: 16,
      table: 220,
      type: 'unicast',
      interfaceName: 'v0',
      mtu: 1300,
      mss: 1260,
    } as const;
    await net.addRoute(route);
    expect(namespace.ip('route list table 220')).toContain('mtu 1300 advmss 1260');
    await net.deleteRoute(route);
    await net.deleteRule(220, 220, mark);
    expect(namespace.ip('rule list')).not.toContain('220');
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });
});

describeWith(['net-admin'], 'socket-netlink', () => {
  inNamespace();

  test.each([0x42, 0])('fwmark: packets with mark %i go where rules for it say', async (mark) => {
    namespace.ip('link set lo up');
    namespace.ip('route add unreachable 127.0.0.0/8 table 99');
    namespace.ip('rule add pref 0 fwmark 0x42 table 99');
    namespace.ip('rule add pref 1 table local');
    namespace.ip('rule delete pref 0 table local');
    const log = new MemoryLog(1);
    const transport = await openTransport(
      { ikePort: 0, nattPort: 0, ipv4: true, ipv6: false, mark },
      log,
    );
    let heard = 0;
    transport.onDatagram(() => heard++);
    const own = { address: ip('127.0.0.1'), port: transport.ikePort };
    transport.send({ ...own, address: ip('0.0.0.0') }, own, Uint8Array.of(1));
    const refused = (): boolean => log.lines.some((line) => /unreachable|sendmmsg/i.test(line));
    await until(() => heard > 0 || refused(), 'an outcome');
    expect([heard, refused()]).toEqual(mark === 0 ? [1, false] : [0, true]);
    await transport[Symbol.asyncDispose]();
  });
});

describeWith(['net-admin', 'esp'], 'kernel-netlink moves SAs', () => {
  inNamespace();

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

describeWith(['net-admin', 'xfrm'], 'kernel-netlink on any kernel with XFRM', () => {
  inNamespace();

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
    await ipsec.forgetAcquire(first.wanted);
    expect(namespace.ip('xfrm state')).not.toContain('192.0.2');
    expect(await another()).toBe(true);
    expect(await another()).toBe(false);
    await ipsec.forgetAcquire(first.wanted);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('routes, rules, addresses and the way to a peer', async () => {
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    let changes = 0;
    net.onChange(() => changes++);
    namespace.ip('link add v0 type veth peer name v1');
    namespace.ip('address add 192.0.2.1/24 dev v0');
    namespace.ip('address add 2001:db8::1/64 dev v0 nodad');
    expect(await net.addresses()).toEqual(
      expect.not.arrayContaining([expect.objectContaining({ interfaceName: 'v0' })]),
    );
    namespace.ip('link set v0 up');
    namespace.ip('link set v1 up');
    namespace.ip('route add default via 192.0.2.254');
    expect(await net.addresses()).toContainEqual({
      address: '192.0.2.1',
      prefix: 24,
      interfaceName: 'v0',
    });
    const path = { source: '192.0.2.1', interfaceName: 'v0', gateway: '192.0.2.254' };
    expect(await net.route(ip('198.51.100.9'))).toEqual(path);
    expect(await net.route(ip('192.0.2.77'))).toEqual({ source: '192.0.2.1', interfaceName: 'v0' });
    expect(await net.route(ip('2001:db8::77'))).toMatchObject({ source: '2001:db8::1' });
    expect(await net.route(ip('198.51.100.9'), ip('192.0.2.1'))).toEqual(path);
    expect(await net.route(ip('198.51.100.9'), ip('203.0.113.1'))).toBeUndefined();
    // The kernel would send from the address of an interface that is down, which is why they are told apart.
    namespace.ip('link add v2 type dummy');
    namespace.ip('address add 203.0.113.9/24 dev v2');
    expect(await net.idleAddresses()).toEqual(['203.0.113.9']);
    expect(await net.route(ip('198.51.100.9'), ip('203.0.113.9'))).toMatchObject({
      interfaceName: 'v0',
    });
    expect(await net.route(ip('2001:db8:ffff::1'))).toBeUndefined();
    await until(() => changes > 0, 'a change');

    await net.addRule(220, 220);
    await net.addRule(220, 220);
    const route = {
      destination: ip('198.51.100.0'),
      prefix: 24,
      table: 220,
      type: 'unicast',
      interfaceName: 'v0',
      source: ip('192.0.2.1'),
    } as const;
    await net.addRoute(route);
    await expect(net.addRoute(route)).rejects.toMatchObject({ errnoName: 'EEXIST' });
    await net.addRoute({ ...route, destination: ip('10.9.0.0'), prefix: 16, type: 'throw' });
    expect(namespace.ip('route show table 220')).toMatch(/198\.51\.100\.0\/24 dev v0 proto static/);
    expect(namespace.ip('route show table 220')).toMatch(/throw 10\.9\.0\.0\/16/);
    expect(namespace.ip('-6 rule show')).toMatch(/^220:\s+from all lookup 220/m);
    // Our own routes do not say how the peer behind them is reached.
    expect(await net.route(ip('198.51.100.9'))).toEqual(path);
    await net.deleteRoute(route);
    await net.deleteRoute(route);
    await net.deleteRule(220, 220);
    await net.deleteRule(220, 220);
    expect(namespace.ip('rule show')).not.toMatch(/220/);
    await net[Symbol.asyncDispose]();
    await ipsec[Symbol.asyncDispose]();
  });

  test('temporary IPv6 addresses are chosen only if they are preferred, and ignored tables lead nowhere', async () => {
    namespace.ip('link add v0 type veth peer name v1');
    namespace.ip('link set v0 up');
    namespace.ip('link set v1 up');
    writeFileSync('/proc/sys/net/ipv6/conf/v0/use_tempaddr', '2');
    namespace.ip('address add 2001:db8::1/64 dev v0 nodad');
    // The kernel makes a temporary one beside an address like those of router advertisements.
    namespace.ip('address add 2001:db8::2:3/64 dev v0 nodad mngtmpaddr');
    const made = (): string | undefined =>
      / inet6 (2001:db8:\S+)\/64 scope global temporary (?!tentative)/.exec(
        namespace.ip('address show dev v0'),
      )?.[1];
    await until(() => made() !== undefined, 'a temporary address');
    const temporary = made();
    namespace.ip('address add 192.0.2.1/24 dev v0');
    namespace.ip('route add 198.51.100.0/24 via 192.0.2.254 dev v0 onlink table 99');
    namespace.ip('rule add pref 50 table 99');
    for (const [preferTemporary, ignoredTables] of [
      [true, [99]],
      [false, []],
    ] as const) {
      const { ipsec, net } = await openNetlinkKernel(new MemoryLog(), {
        acquireLifetime: 0,
        preferTemporary,
        ignoredTables,
      });
      const way = await net.route(ip('2001:db8::77'));
      expect([preferTemporary, way?.source === temporary]).toEqual([
        preferTemporary,
        preferTemporary,
      ]);
      expect((await net.route(ip('198.51.100.7'), undefined)) === undefined).toBe(preferTemporary);
      await net[Symbol.asyncDispose]();
      await ipsec[Symbol.asyncDispose]();
    }
  });

  test('virtual IPs: added, never chosen as a source by themselves, deleted; a second time is no error', async () => {
    namespace.ip('link add v0 type veth peer name v1');
    // No address of the link, whose checks would be changes too.
    for (const name of ['v0', 'v1']) namespace.ip(`link set ${name} addrgenmode none`);
    namespace.ip('link set v0 up');
    namespace.ip('link set v1 up');
    // Linux tells of a link that has come up up to a second later, and only then begins with IPv6 on it.
    await until(() => namespace.ip('link show').match(/state UP/g)?.length === 2, 'the link');
    namespace.ip('address add 192.0.2.1/24 dev v0');
    namespace.ip('address add 2001:db8::1/64 dev v0 nodad');
    const { ipsec, net } = await openNetlinkKernel(new MemoryLog());
    let changes = 0;
    let quietSince = performance.now();
    net.onChange(() => {
      changes += 1;
      quietSince = performance.now();
    });
    await until(() => performance.now() - quietSince > 300, 'what the link itself causes to end');
    changes = 0;
    for (const text of ['10.3.0.1', '2001:db8::7:1']) {
      const address = ip(text);
      await net.addAddress(address, 'v0');
      await expect(net.addAddress(address, 'v0')).rejects.toMatchObject({ errnoName: 'EEXIST' });
      const listed = await net.addresses();
      expect(listed).toContainEqual(expect.objectContaining({ address, interfaceName: 'v0' }));
    }
    // Nothing to wait for, and deprecated, which IPv6 needs to leave it alone.
    const six = namespace.ip('-6 address show dev v0');
    const flags = /2001:db8::7:1\/128 scope global ([\w ]+)\n.*preferred_lft 0sec/.exec(six)?.[1];
    expect(flags?.trim().split(' ').sort()).toEqual(['deprecated', 'nodad']);
    expect((await net.route(ip('192.0.2.9')))?.source).toBe('192.0.2.1');
    expect((await net.route(ip('2001:db8::9')))?.source).toBe('2001:db8::1');
    expect(changes).toBe(0);
    for (const text of ['10.3.0.1', '2001:db8::7:1']) {
      await net.deleteAddress(ip(text), 'v0');
      await net.deleteAddress(ip(text), 'v0');
      await net.deleteAddress(ip(text), 'gone');
    }
    expect(namespace.ip('address show dev v0')).not.toMatch(/10\.3\.0\.1|2001:db8::7:1/);
    await expect(net.addAddress(ip('10.3.0.1'), 'gone')).rejects.toMatchObject({
      errnoName: 'ENODEV',
    });
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
