import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openNetlinkKernel } from '../../plugins/kernel-netlink/open.ts';
import { describeWith } from '../support/capability.ts';
import { MemoryLog } from '../support/memory-log.ts';
import { until } from '../support/native-values.ts';
import { OwnNamespace } from '../support/own-namespace.ts';
import { ip } from '../support/selectors.ts';

const namespace = new OwnNamespace();

describeWith(['net-admin', 'xfrm'], 'kernel-netlink routes', () => {
  namespace.forEach();

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
});
