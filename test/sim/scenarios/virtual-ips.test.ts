import { expect, test } from 'vitest';
import type { CommandRequest } from '../../../daemon/contracts/processes.ts';
import { printSelector } from '../../../daemon/proto/traffic-selector-text.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, type PairSetup, pair, places } from '../pair.ts';
import { dynamic, gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** moon asks carol for addresses; carol has the pools `a`, `b` and `c`. */
function clientAndServer(world: World, setup: PairSetup = {}) {
  return pair(world, {
    ...setup,
    moonConnection: { vips: [ip('0.0.0.0')], ...setup.moonConnection },
    carolConnection: { pools: ['a', 'b', 'c'], ...setup.carolConnection },
    moonChild: { localTs: [dynamic], ...setup.moonChild },
    carolChild: { remoteTs: [dynamic], ...setup.carolChild },
  });
}

const selectors = (host: WorldHost) =>
  host.children.map(
    ({ localTs, remoteTs }) =>
      `${localTs.map(printSelector).join(' ')} === ${remoteTs.map(printSelector).join(' ')}`,
  );

test('an address is requested, assigned, installed, used, and gone in the end', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world);
  carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53', 'fd02::53'], '25': ['corp.example'] });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });

  expect(moon.established[0]).toMatchObject({ localVips: ['10.3.0.1'], remoteVips: [] });
  expect(carol.established[0]).toMatchObject({ localVips: [], remoteVips: ['10.3.0.1'] });
  expect(selectors(moon)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
  expect(selectors(carol)).toEqual(['10.2.0.0/16 === 10.3.0.1/32']);
  expect([...moon.kernel.virtualIps]).toEqual([['10.3.0.1', 'eth0']]);
  expect([...moon.kernel.routes.values()]).toMatchObject([
    { destination: '10.2.0.0', prefix: 16, source: '10.3.0.1' },
  ]);
  expect(moon.nameServers.servers).toEqual([
    { address: '10.2.0.53', interfaceName: 'eth0', domains: ['corp.example'] },
  ]);
  const there = { source: ip('10.3.0.1'), destination: ip(places.carol.inside) };
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  const back = { source: there.destination, destination: there.source };
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  expect(moon.lines).toContain('installing new virtual IP 10.3.0.1');
  expect(moon.lines).toContain('installing DNS server 10.2.0.53 to /etc/resolv.conf');
  expect(carol.lines).toContain("assigning virtual IP 10.3.0.1 to peer 'moon.example.org'");
  expect(world.ladder()).toContain('CPRQ(ADDR DNS)');
  expect(world.ladder()).toContain('CPRP(ADDR DOMAIN DNS DNS6)');

  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  expect(moon.kernel.empty).toBe(true);
  expect(moon.nameServers.servers).toEqual([]);
  expect(moon.journal.recorded()).toEqual([]);
  expect(carol.daemon.control.pools.list('a', true)).toMatchObject([
    { online: 0, offline: 1, leases: [{ address: '10.3.0.1', identity: 'moon.example.org' }] },
  ]);
  // The same peer finds its address again.
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(moon.nameServers.servers).toEqual([]);
});

test('IPv4 and IPv6 from several pools; attributes only of pools that gave an address', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonConnection: { vips: [ip('0.0.0.0'), ip('::')] },
    carolConnection: { pools: ['none', 'a', 'b', 'c'] },
    carolChild: { localTs: [dynamic] },
    moonChild: { remoteTs: [dynamic] },
  });
  carol.pool('a', '10.3.0.7', { dns: ['10.2.0.1'] });
  carol.pool('b', 'fd03::/64', { dns: ['fd02::1'] });
  carol.pool('c', '10.4.0.0/24', { dns: ['10.2.0.2'] });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.7', 'fd03::1']);
  expect([...moon.kernel.virtualIps.keys()]).toEqual(['10.3.0.7', 'fd03::1']);
  expect(moon.nameServers.addresses).toEqual(['10.2.0.1', 'fd02::1']);
  // Only IPv4 has a counterpart on the other side.
  expect(selectors(carol)).toEqual(['192.0.2.2/32 === 10.3.0.7/32 fd03::1/128']);
});

test('a family for which there is no address does not spoil the other', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonConnection: { vips: [ip('::'), ip('0.0.0.0')] },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(carol.lines).toContain("no virtual IP found for %any6 requested by 'moon.example.org'");
  expect(carol.alerts('vip-failure')).toBe(0);
});

test('no address left: INTERNAL_ADDRESS_FAILURE, the IKE_SA stays without a CHILD_SA', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.1');
  const [first, second] = [await roadwarrior(world, 1), await roadwarrior(world, 2)];
  expect(await world.during(first.initiate('net'))).toEqual({ ok: true });
  const failure = {
    ok: false,
    errmsg:
      "establishing CHILD_SA 'net' failed: received INTERNAL_ADDRESS_FAILURE notify, no CHILD_SA built",
  };
  expect(await world.during(second.initiate('net'))).toEqual(failure);
  expect([second.established.length, carol.established.length]).toEqual([1, 2]);
  expect([second.children.length, carol.children.length]).toEqual([0, 1]);
  expect(carol.alerts('vip-failure')).toBe(1);
  expect(carol.lines).toContain('no virtual IP found, sending INTERNAL_ADDRESS_FAILURE');
  expect(second.kernel.empty).toBe(true);

  // A further CHILD_SA has no address either.
  expect((await world.during(second.initiate('net'))).ok).toBe(false);
  expect(second.children).toEqual([]);
  await world.during(second.terminate({ ike: 'gw' }));
  await world.during(first.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 0);
  expect(await world.during(second.initiate('net'))).toEqual({ ok: true });
  expect(second.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(carol.daemon.control.pools.list('a', true)).toMatchObject([
    { online: 1, offline: 0, leases: [{ identity: 'peer-2', online: true }] },
  ]);
});

test('with close_ike_on_child_failure the IKE_SA goes as well', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    carolOptions: { close_ike_on_child_failure: true },
  });
  expect((await world.during(moon.initiate('net'))).ok).toBe(false);
  await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
});

test('a peer that asks for no address where one is needed: FAILED_CP_REQUIRED', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, { moonConnection: { vips: [] } });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('received FAILED_CP_REQUIRED notify'),
  });
  expect(carol.lines).toContain('expected a virtual IP request, sending FAILED_CP_REQUIRED');
  expect(carol.alerts('vip-failure')).toBe(1);

  // Nor does it get a CHILD_SA afterwards, when no configuration payload is looked for any more.
  expect(moon.established).toHaveLength(1);
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('received FAILED_CP_REQUIRED notify'),
  });
  expect(carol.children).toEqual([]);
});

test('a server that assigns nothing: no CHILD_SA, and the one it set up is deleted', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonConnection: { vips: [ip('10.9.9.9')] },
    carolConnection: { pools: [] },
    carolChild: { remoteTs: [dynamic] },
  });
  const refusal = await world.during(moon.initiate('net'));
  expect(refusal).toMatchObject({ ok: false });
  await world.settle(() => carol.children.length === 0);
  expect(moon.children).toEqual([]);
  expect(moon.kernel.empty).toBe(true);
});

test('the address a peer asks for is honoured only if it is its own', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonConnection: { vips: [ip('10.3.0.77')] },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
});

test('an address that cannot be put on the interface fails the CHILD_SA', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world);
  carol.pool('a', '10.3.0.0/24');
  moon.kernel.refuse((operation) => (operation === 'addAddress' ? 'EPERM' : undefined));
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  expect(moon.lines.some((line) => line.startsWith('installing virtual IP 10.3.0.1 failed'))).toBe(
    true,
  );
  await world.settle(() => carol.children.length === 0);
  expect(moon.kernel.empty).toBe(true);
});

test('DNS settings that cannot be changed cost a log line and nothing else', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world);
  carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
  moon.nameServers.refusing = true;
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.lines).toContain('installing a DNS server failed: the disk is full');
});

test('install_virtual_ip and install_virtual_ip_on', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonOptions: { install_virtual_ip_on: 'dummy0' },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect([...moon.kernel.virtualIps]).toEqual([['10.3.0.1', 'dummy0']]);

  await using other = new World();
  const [alice, bob] = await clientAndServer(other, {
    moonOptions: { install_virtual_ip: false },
  });
  bob.pool('a', '10.3.0.0/24');
  expect(await other.during(alice.initiate('net'))).toEqual({ ok: true });
  expect(alice.established[0]?.localVips).toEqual(['10.3.0.1']);
  expect(alice.kernel.virtualIps.size).toBe(0);
});

test('after kill -9 the DNS servers go at once, and the address with its policies when not wanted again', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world);
  carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  moon.kill();
  expect(moon.kernel.virtualIps.size).toBe(1);
  moon.reborn();
  await moon.start();
  expect(moon.kernel.sas.size).toBe(0);
  expect(moon.kernel.virtualIps.size).toBe(1);
  expect(moon.nameServers.servers).toEqual([]);

  // It comes back with INITIAL_CONTACT, and has its address again while the server still knew the old IKE_SA.
  moon.secret('a secret that nobody guesses');
  for (const config of world.configs.get(moon) ?? []) await moon.load(config);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
  await world.settle(() => carol.sas.length === 1);
  expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 1, offline: 0 }]);
  await world.pass(10_000);
  expect([...moon.kernel.virtualIps.keys()]).toEqual(['10.3.0.1']);
  await world.during(moon.terminate({ ike: 'gw' }));
  expect(moon.kernel.empty).toBe(true);
  expect(moon.journal.recorded()).toEqual([]);

  await world.during(moon.initiate('net'));
  moon.kill();
  moon.reborn();
  await moon.start();
  await moon.load({ ...connectionOf({}, 'moon', 'carol'), name: 'other' });
  await world.pass(10_000);
  expect(moon.kernel.empty).toBe(true);
  expect(moon.journal.recorded()).toEqual([]);
});

test('global DNS and NBNS servers go to every peer with an address', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    carolOptions: { dns1: '10.2.0.1', dns2: 'fd02::1', nbns1: '10.2.0.2', nbns2: 'nonsense' },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  // It asked for an IPv4 address, and has no use for the IPv6 server.
  expect(moon.nameServers.addresses).toEqual(['10.2.0.1']);
  expect(world.ladder()).toContain('CPRP(ADDR DNS DNS6 NBNS)');
});

test('plugins.attr: further attributes go to every peer with an address', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    carolOptions: { attributes: [{ type: 3, value: Uint8Array.of(10, 2, 0, 9) }] },
  });
  carol.pool('a', '10.3.0.0/24');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.nameServers.addresses).toEqual(['10.2.0.9']);
});

test('reauthentication keeps the address, on the interface all the time', async () => {
  await using world = new World();
  const carol = await gateway(world);
  // Somebody else has the first address, so that the client does not get its own by chance.
  carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
  const other = await roadwarrior(world, 1);
  const moon = await roadwarrior(world, 2);
  for (const client of [other, moon]) {
    expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  }
  await world.during(other.terminate({ ike: 'gw' }));
  await world.settle(() => carol.sas.length === 1);
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.2']);
  const before = moon.sas[0]?.initiatorSpi;
  moon.kernel.calls.length = 0;
  for (const sa of moon.daemon.manager.tables.byId.values()) sa.reauthenticate();
  const packet = { source: ip('10.3.0.2'), destination: ip(places.carol.inside) };
  for (let i = 0; i < 500; i++) {
    expect(moon.kernel.virtualIps.has(packet.source)).toBe(true);
    expect(carry(moon.kernel, carol.kernel, packet).kind).not.toBe('clear');
    await world.pass(1);
  }
  await world.settle(() => moon.sas.length === 1 && carol.sas.length === 1);
  expect(moon.sas[0]?.initiatorSpi).not.toBe(before);
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.2']);
  expect(carol.established[0]?.remoteVips).toEqual(['10.3.0.2']);
  expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  expect(moon.nameServers.addresses).toEqual(['10.2.0.53']);
  expect(moon.kernel.calls.filter((call) => call.includes('Address'))).toEqual([]);
  expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 1, offline: 1 }]);
});

test('with break before make the address comes back', async () => {
  await using world = new World();
  const [moon, carol] = await clientAndServer(world, {
    moonOptions: { make_before_break: false },
    moonConnection: { vips: [ip('0.0.0.0'), ip('::')] },
  });
  carol.pool('a', '10.3.0.0/24');
  carol.pool('b', 'fd03::/64');
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  const before = moon.established[0];
  for (const sa of moon.daemon.manager.tables.byId.values()) sa.reauthenticate();
  await world.settle(
    () => moon.children.length === 1 && moon.sas[0]?.initiatorSpi !== before?.initiatorSpi,
  );
  expect(moon.established[0]?.localVips).toEqual(['10.3.0.1', 'fd03::1']);
  expect([...moon.kernel.virtualIps.keys()]).toEqual(['10.3.0.1', 'fd03::1']);
  expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 1, offline: 0 }]);
});

test('a tunnel that dpd_action brings back asks for the address it had', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const again = { trap: false, start: true };
  const [first, second] = [await roadwarrior(world, 1), await roadwarrior(world, 2)];
  const [connection] = second.daemon.control.connections();
  const child = connection?.children.get('net');
  if (connection === undefined || child === undefined) throw new TypeError('no connection');
  const children = new Map([['net', { ...child, dpdAction: again }]]);
  await second.load({ ...connection, dpdDelay: 10, keyingTries: 0, children });
  for (const client of [first, second]) {
    expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  }
  carol.kill();
  await world.settle(() => second.established.length === 0);
  expect(second.kernel.virtualIps.size).toBe(0);
  carol.reborn();
  await carol.start();
  carol.secret('a secret that nobody guesses');
  const [gw] = world.configs.get(carol) ?? [];
  if (gw !== undefined) await carol.load(gw);
  carol.pool('a', '10.3.0.0/24');
  await world.settle(() => second.established.length === 1);
  expect(world.ladder()).toContain('IKE_AUTH request 1 [');
  expect(carol.lines).toContain('peer requested virtual IP 10.3.0.2');
  // The new gateway knows of no lease and gives what is free: nobody gets what is not known to be his.
  expect(second.established[0]?.localVips).toEqual(['10.3.0.1']);
});

test('the updown script hears of addresses, and of DNS servers if it handles them', async () => {
  for (const handled of [true, false]) {
    await using world = new World();
    const environments: CommandRequest['environment'][] = [];
    const processes = {
      run: async ({ environment }: CommandRequest) => {
        environments.push(environment);
        return { kind: 'exited', code: 0 } as const;
      },
    };
    const [moon, carol] = await clientAndServer(world, {
      processes,
      moonOptions: { 'plugins.updown.dns_handler': handled },
      moonChild: { localTs: [dynamic], updown: '/bin/true' },
    });
    carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(environments[0]).toMatchObject({
      PLUTO_MY_SOURCEIP: '10.3.0.1',
      PLUTO_MY_CLIENT: '10.3.0.1/32',
      PLUTO_MY_SOURCEIP4_1: '10.3.0.1',
    });
    expect(environments[0]?.['PLUTO_DNS4_1']).toBe(handled ? '10.2.0.53' : undefined);
  }
});

test.each(['moon', 'carol'] as const)(
  'an IKE_SA that %s rekeys keeps its addresses and leases',
  async (who) => {
    await using world = new World();
    const [moon, carol] = await clientAndServer(world);
    carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    moon.kernel.calls.length = 0;
    const host = who === 'moon' ? moon : carol;
    const before = host.sas[0]?.initiatorSpi;
    for (const sa of host.daemon.manager.tables.byId.values()) sa.rekeyIke();
    const packet = { source: ip('10.3.0.1'), destination: ip(places.carol.inside) };
    for (let i = 0; i < 200; i++) {
      expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
      await world.pass(1);
    }
    await world.settle(() => moon.sas.length === 1 && carol.sas.length === 1);
    expect(host.sas[0]?.initiatorSpi).not.toBe(before);
    expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
    expect(carol.established[0]?.remoteVips).toEqual(['10.3.0.1']);
    expect(moon.kernel.calls.filter((call) => call.includes('Address'))).toEqual([]);
    expect(moon.nameServers.addresses).toEqual(['10.2.0.53']);
    expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 1, offline: 0 }]);
    // What comes later belongs to the new one, and goes with it.
    await world.during(moon.terminate({ ike: 'gw' }));
    await world.settle(() => carol.sas.length === 0);
    expect(moon.kernel.empty).toBe(true);
    expect(moon.nameServers.addresses).toEqual([]);
    expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 0, offline: 1 }]);
  },
);

test.each(['moon', 'carol'] as const)(
  'taken over after kill -9 of %s: addresses, DNS servers and leases go on',
  async (who) => {
    await using world = new World();
    const [moon, carol] = await clientAndServer(world, { options: { state_journal: true } });
    carol.pool('a', '10.3.0.0/24', { dns: ['10.2.0.53'] });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    const victim = who === 'moon' ? moon : carol;
    moon.kernel.calls.length = 0;
    victim.kill();
    await world.pass(500);
    victim.reborn();
    await victim.start();
    expect([...moon.kernel.virtualIps]).toEqual([['10.3.0.1', 'eth0']]);
    expect(moon.nameServers.addresses).toEqual(['10.2.0.53']);
    expect(moon.kernel.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
    expect(moon.established[0]?.localVips).toEqual(['10.3.0.1']);
    expect(carol.established[0]?.remoteVips).toEqual(['10.3.0.1']);
    const packet = { source: ip('10.3.0.1'), destination: ip(places.carol.inside) };
    expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
    // Pools come later, by swanctl.
    if (who === 'carol') carol.pool('a', '10.3.0.0/24');
    expect(carol.daemon.control.pools.list('a', true)).toMatchObject([
      { online: 1, leases: [{ address: '10.3.0.1', identity: 'moon.example.org' }] },
    ]);
    await world.during(moon.terminate({ ike: 'gw' }));
    await world.settle(() => carol.sas.length === 0);
    expect(moon.kernel.empty).toBe(true);
    expect(moon.nameServers.addresses).toEqual([]);
    expect(carol.daemon.control.pools.list('a', false)).toMatchObject([{ online: 0, offline: 1 }]);
  },
);

test('a virtual IP is no address to reach the host by: MOBIKE does not announce or use it', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const moon = await roadwarrior(world, 1);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(world.ladder()).toContain('MOBIKE_SUP');
  const before = moon.address;
  moon.readdress(before);
  await world.pass(10_000);
  expect(world.ladder()).not.toMatch(/client-1 --> .*ADD_4_ADDR/);
  expect(moon.established[0]?.localHost).toBe(before);

  // The host moves, the tunnel follows, and the address inside stays.
  moon.readdress('198.51.100.77');
  await world.settle(() => carol.established[0]?.remoteHost === '198.51.100.77');
  await world.pass(5000);
  expect(moon.established[0]).toMatchObject({
    localHost: '198.51.100.77',
    localVips: ['10.3.0.1'],
  });
  const packet = { source: ip('10.3.0.1'), destination: ip(places.carol.inside) };
  expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  const back = { source: packet.destination, destination: packet.source };
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
  await world.during(moon.terminate({ ike: 'gw' }));
  expect(moon.kernel.empty).toBe(true);
});

test('a childless IKE_SA without an address gets no CHILD_SA later, one with an address does', async () => {
  await using world = new World();
  const carol = await gateway(world);
  carol.pool('a', '10.3.0.0/24');
  const bare = await roadwarrior(world, 1, { childless: 'force', vips: [] });
  expect((await world.during(bare.initiate('net'))).ok).toBe(false);
  expect(bare.established).toHaveLength(1);
  expect(carol.children).toEqual([]);
  const proper = await roadwarrior(world, 2, { childless: 'force' });
  expect(await world.during(proper.initiate('net'))).toEqual({ ok: true });
  expect(selectors(proper)).toEqual(['10.3.0.1/32 === 10.2.0.0/16']);
});
