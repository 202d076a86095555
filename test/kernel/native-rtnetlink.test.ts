import { afterEach, beforeEach, expect, test } from 'vitest';
import { RouteClient } from '../../native/rtnetlink-client.ts';
import { LinkFlag } from '../../native/rtnetlink-constants.ts';
import type { Route, RouteEvent } from '../../native/types.ts';
import { describeWith } from '../support/capability.ts';
import { octets, until } from '../support/native-values.ts';
import { NetNamespace } from '../support/net-namespace.ts';

const route: Route = {
  family: 4,
  dst: octets('10.9.0.0'),
  prefix: 16,
  table: 220,
  type: 1,
  protocol: 4,
  scope: 0,
  gateway: octets('192.0.2.9'),
  source: octets('192.0.2.1'),
};

describeWith('net-admin', 'rtnetlink on the real kernel', () => {
  let namespace: NetNamespace;
  let client: RouteClient;
  let v0 = 0;

  beforeEach(async () => {
    namespace = new NetNamespace();
    client = new RouteClient();
    namespace.ip('link add v0 type veth peer name v1');
    namespace.ip('link set v0 up');
    namespace.ip('link set v1 up');
    namespace.ip('address add 192.0.2.1/24 dev v0');
    v0 = (await client.listLinks()).find(({ name }) => name === 'v0')?.ifindex ?? 0;
  });
  afterEach(() => {
    client.close();
    namespace[Symbol.dispose]();
  });

  test('interfaces are listed, taken down and removed', async () => {
    const links = await client.listLinks();
    // Kernels with tunnels built in make more of them.
    expect(links.map(({ name }) => name)).toEqual(expect.arrayContaining(['lo', 'v0', 'v1']));
    expect(links.find(({ name }) => name === 'v0')).toMatchObject({
      mtu: 1500,
      linkKind: 'veth',
      parent: expect.any(Number),
    });
    await client.setLinkUp(v0, false);
    const down = (await client.listLinks()).find(({ ifindex }) => ifindex === v0);
    expect((down?.flags ?? 1) & LinkFlag.UP).toBe(0);
    await client.deleteLink(v0);
    expect(await client.listLinks()).toHaveLength(links.length - 2);
    await expect(client.deleteLink(v0)).rejects.toMatchObject({ code: 'ENODEV' });
  });

  test('addresses of both families are added, listed and deleted', async () => {
    for (const [address, prefix] of [
      [octets('198.51.100.7'), 32],
      [octets('2001:db8::7'), 64],
    ] as const) {
      const one = { address, prefix, ifindex: v0, scope: 0, flags: 0 };
      await client.addAddress(one);
      await expect(client.addAddress(one)).rejects.toMatchObject({ code: 'EEXIST' });
      const listed = await client.listAddresses();
      expect(listed).toContainEqual(expect.objectContaining({ address, prefix, ifindex: v0 }));
      await client.deleteAddress(one);
      await expect(client.deleteAddress(one)).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
    }
  });

  test('a route is added, listed, looked up, replaced and deleted', async () => {
    const wanted = { ...route, ifindex: v0 };
    await client.addRoute(wanted);
    expect(await client.listRoutes(4)).toContainEqual(wanted);
    await expect(client.addRoute(wanted)).rejects.toMatchObject({
      code: 'EEXIST',
      syscall: 'RTM_NEWROUTE',
      operation: 'add route 10.9.0.0/16 table 220',
    });
    // Table 220 is not looked up until a rule says so.
    expect(await client.lookupRoute({ dst: octets('10.9.1.1') })).toBeUndefined();
    const rule = { family: 4, priority: 220, table: 220, action: 1 } as const;
    await client.addRule(rule);
    expect(await client.listRules(4)).toContainEqual(rule);
    expect(await client.lookupRoute({ dst: octets('10.9.1.1') })).toMatchObject({
      ifindex: v0,
      source: octets('192.0.2.1'),
      gateway: octets('192.0.2.9'),
      table: 220,
    });
    await client.replaceRoute({ ...wanted, gateway: octets('192.0.2.10') });
    const replaced = await client.lookupRoute({ dst: octets('10.9.1.1') });
    expect(replaced?.gateway).toEqual(octets('192.0.2.10'));
    await client.deleteRule(rule);
    await expect(client.deleteRule(rule)).rejects.toMatchObject({ code: 'ENOENT' });
    await client.deleteRoute({ ...wanted, gateway: octets('192.0.2.10') });
    await expect(client.deleteRoute(wanted)).rejects.toMatchObject({ code: 'ESRCH' });
  });

  test('routes and rules of IPv6, with metric and mark', async () => {
    const six: Route = {
      family: 6,
      dst: octets('2001:db8:9::'),
      prefix: 48,
      table: 1000,
      type: 1,
      protocol: 4,
      scope: 0,
      ifindex: v0,
      metric: 77,
    };
    await client.addRoute(six);
    expect(await client.listRoutes(6)).toContainEqual(six);
    const rule = {
      family: 6,
      priority: 99,
      table: 1000,
      action: 1,
      mark: { value: 0x2a, mask: 0xff },
      src: { address: octets('2001:db8:1::'), prefix: 48 },
      invert: true,
    } as const;
    await client.addRule(rule);
    expect(await client.listRules(6)).toContainEqual(rule);
    await client.deleteRule(rule);
    await client.deleteRoute(six);
  });

  test('the mark of a lookup chooses the table', async () => {
    await client.addRoute({ ...route, ifindex: v0 });
    const mark = { value: 5, mask: 0xffffffff };
    await client.addRule({ family: 4, priority: 100, table: 220, action: 1, mark });
    const dst = octets('10.9.1.1');
    expect(await client.lookupRoute({ dst })).toBeUndefined();
    expect(await client.lookupRoute({ dst, mark: 5 })).toMatchObject({ table: 220 });
  });

  test('a throw route ends the search of its table', async () => {
    const { gateway: _, source: __, ...plain } = route;
    await client.addRoute({ ...plain, type: 9 });
    const listed = await client.listRoutes(4);
    expect(listed.find(({ table }) => table === 220)).toMatchObject({ type: 9, prefix: 16 });
  });

  test('changes of addresses, links, routes and rules are told', async () => {
    const events: RouteEvent[] = [];
    using _watcher = client.watch((event) => events.push(event));
    namespace.ip('address add 192.0.2.77/24 dev v0');
    namespace.ip('route add 10.77.0.0/16 via 192.0.2.9');
    namespace.ip('rule add from all lookup 77 priority 77');
    namespace.ip('link set v1 down');
    namespace.ip('address del 192.0.2.77/24 dev v0');
    const told = (kind: string, gone = false): boolean =>
      events.some((event) => event.kind === kind && 'gone' in event && event.gone === gone);
    await until(() => told('address', true) && told('rule') && told('link'), 'all the changes');
    expect(told('address')).toBe(true);
    expect(events).toContainEqual({
      kind: 'route',
      gone: false,
      route: expect.objectContaining({ dst: octets('10.77.0.0'), gateway: octets('192.0.2.9') }),
    });
  });
});
