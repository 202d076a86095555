import { expect, test } from 'vitest';
import { hostSpec } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, pair, places } from '../pair.ts';
import type { PacketRecord } from '../sim-network.ts';
import { World } from '../world.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

// moon --> carol  HDR, SA, KE, Ni          carol --> moon  HDR, N(COOKIE)
// moon --> carol  HDR, N(COOKIE), SA, KE, Ni
test('a COOKIE is asked for and repeated, RFC 7296 section 2.6', async () => {
  await using world = new World();
  // A threshold of one half-open IKE_SA, and one that stays half-open.
  const [moon, carol] = await pair(world, { carolOptions: { cookie_threshold: 1 } });
  const stranger = world.network.host('stranger', [ip('192.0.2.77')]);
  let first: Uint8Array | undefined;
  world.network.onPacket(({ packet }) => {
    first ??= packet.data;
  });
  world.network.intercept = (packet) => (packet.from === 'moon' ? undefined : packet);
  const lost = moon.initiate('net', 1000);
  await world.during(lost);
  world.network.intercept = undefined;
  await carol.load({
    ...connectionOf({}, 'carol', 'moon'),
    name: 'any',
    remoteAddrs: [hostSpec('192.0.2.77')],
  });
  stranger.send(
    { address: ip('192.0.2.77'), port: 500 },
    { address: ip(places.carol.address), port: 500 },
    first ?? new Uint8Array(),
  );
  await world.settle(() => carol.daemon.manager.guard.halfOpen === 1);
  await world.settle(() => moon.established.length === 1);
  expect(moon.lines.join('\n')).toContain('received COOKIE notify');
  expect(carol.daemon.manager.drops.cookies).toBeGreaterThanOrEqual(1);
  expect(world.ladder()).toMatch(/moon --> carol {2}IKE_SA_INIT request 0 \[ N\(COOKIE\) SA KE No/);
});

test('INVALID_KE_PAYLOAD names the group and the initiator follows, RFC 7296 section 2.7', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonIke: 'aes128gcm16-prfsha256-ecp256-x25519',
    carolIke: 'aes128gcm16-prfsha256-x25519',
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.lines.join('\n')).toContain(
    "peer didn't accept key exchange method ECP_256, it requested CURVE_25519",
  );
  expect(carol.sas).toHaveLength(1);
  expect(carol.daemon.manager.guard.halfOpen).toBe(0);
});

test('no common proposal: NO_PROPOSAL_CHOSEN, nothing left, and the log says what did not match', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonIke: 'aes128-sha256-x25519',
    carolIke: 'aes256-sha256-x25519',
  });
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('NO_PROPOSAL_CHOSEN'),
  });
  expect(carol.lines.join('\n')).toMatch(/no acceptable proposal found: .*AES_CBC_256/);
  expect(carol.alerts('proposal-mismatch-ike')).toBe(1);
  expect([moon.sas, carol.sas]).toEqual([[], []]);
});

test('no common CHILD_SA proposal: the IKE_SA stays, initiate fails and says why', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: {}, esp: 'aes128gcm16' });
  await carol.load({
    ...connectionOf({ esp: 'aes256-sha256' }, 'carol', 'moon'),
  });
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('NO_PROPOSAL_CHOSEN'),
  });
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('no common traffic selectors: TS_UNACCEPTABLE, the IKE_SA stays', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  const carolConfig = connectionOf({}, 'carol', 'moon');
  const child = carolConfig.children.get('net');
  if (child === undefined) throw new TypeError('no child');
  const other = connectionOf(
    { carolChild: { localTs: child.remoteTs, remoteTs: child.localTs } },
    'carol',
    'moon',
  );
  await carol.load(other);
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({ ok: false, errmsg: expect.stringContaining('TS_UNACCEPTABLE') });
  expect(carol.lines.join('\n')).toMatch(/traffic selectors .*10\.2\.0\.0\/16.* unacceptable/);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('a wrong PSK: AUTHENTICATION_FAILED to the peer, the reason only in the log', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { carolSecret: 'another secret altogether' });
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('AUTHENTICATION_FAILED'),
  });
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expect(carol.lines.join('\n')).toContain('MAC mismatched');
  expect(carol.alerts('peer-auth-failed')).toBe(1);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('SEC-40: no PSK on either side fails cleanly and names the identities', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { carolSecret: undefined });
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome.ok).toBe(false);
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expect(carol.lines.join('\n')).toContain(
    "no shared key found for 'carol.example.org' - 'moon.example.org'",
  );
  const own = await world.during(carol.initiate('net'));
  expect(own).toMatchObject({ ok: false, errmsg: expect.stringContaining('no shared key found') });
  await world.settle(() => moon.sas.length + carol.sas.length === 0 || world.clock.now() > 400_000);
  expect(carol.kernel.empty).toBe(true);
});

test.each([
  ['the initiator', 'moon'],
  ['the responder', 'carol'],
])(
  '%s behind a NAT: floats to 4500, encapsulates and keeps the mapping open',
  async (_who, inside) => {
    await using world = new World();
    const [moon, carol] = await pair(world, {
      moonConnection: inside === 'carol' ? { remoteAddrs: [hostSpec('198.51.100.1')] } : {},
      carolConnection:
        inside === 'moon'
          ? { remoteAddrs: [{ kind: 'any', text: '%any' }] }
          : { remoteAddrs: [{ kind: 'any', text: '%any' }] },
    });
    const nat = world.network.nat(ip('198.51.100.1'), inside);
    if (inside === 'carol') {
      // A static forwarding, as whoever runs a server behind a NAT sets up.
      for (const port of [500, 4500])
        nat.forward(port, { address: ip(places.carol.address), port });
    }
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.sas[0]?.localPort).toBe(4500);
    const [behind, other] = inside === 'moon' ? [moon, carol] : [carol, moon];
    expect(behind.sas[0]).toMatchObject({ natLocal: true, natRemote: false });
    expect(other.sas[0]).toMatchObject({ natLocal: false, natRemote: true });
    for (const host of [moon, carol]) {
      expect([...host.kernel.sas.values()].every(({ sa }) => sa?.encap !== undefined)).toBe(true);
    }
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
    await world.pass(65_000);
    expect(behind.lines.filter((line) => line.startsWith('sending keep alive'))).toHaveLength(3);
    expect(other.lines.filter((line) => line.startsWith('sending keep alive'))).toHaveLength(0);
  },
);

test('encap=yes fakes a NAT', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { encap: true } });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.sas[0]?.natFake).toBe(true);
  expect([...carol.kernel.sas.values()].every(({ sa }) => sa?.encap !== undefined)).toBe(true);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
});

test('without NAT and MOBIKE everything stays on port 500', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { connection: { mobike: false } });
  const ports = new Set<number>();
  world.network.onPacket(({ packet }: PacketRecord) => ports.add(packet.destination.port));
  await world.during(moon.initiate('net'));
  expect([...ports]).toEqual([500]);
  expect([...carol.kernel.sas.values()].every(({ sa }) => sa?.encap === undefined)).toBe(true);
});

test('a rebound NAT is followed on the next verified request, RFC 7296 section 2.23', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { dpdDelay: 30, mobike: false },
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }], mobike: false },
  });
  const nat = world.network.nat(ip('198.51.100.1'), 'moon');
  await world.during(moon.initiate('net'));
  const before = carol.sas[0]?.remotePort;
  nat.rebind();
  await world.pass(120_000);
  expect(carol.sas[0]?.remotePort).not.toBe(before);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(carol.lines.join('\n')).toContain('remote endpoint changed from');
});

test('long messages are fragmented both ways and reassembled, RFC 7383', async () => {
  await using world = new World({ link: { mtu: 270 } });
  const [moon, carol] = await pair(world, { options: { fragment_size: 220 } });
  const sizes: number[] = [];
  world.network.onPacket(({ packet }) => sizes.push(packet.data.length + 28));
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(Math.max(...sizes)).toBeLessThanOrEqual(270);
  for (const host of [moon, carol]) {
    expect(
      host.lines.some((line) => /^splitting IKE message \(\d+ bytes\) into/.test(line)),
      host.name,
    ).toBe(true);
  }
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
});

test('fragments arrive in any order, twice, and some only when sent again', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    await using world = new World({ seed, link: { loss: 0.15, duplicate: 0.3, reorder: 0.5 } });
    const [moon] = await pair(world, { options: { fragment_size: 220 } });
    expect(await world.during(moon.initiate('net')), `seed ${seed}`).toEqual({ ok: true });
    world.network.link = { ...world.network.link, loss: 0 };
  }
});

test('with fragmentation=no a message that does not fit is lost', async () => {
  await using world = new World({ link: { mtu: 250 } });
  const [moon] = await pair(world, {
    moonConnection: { fragmentation: 'no' },
    options: { fragment_size: 220 },
  });
  expect((await world.during(moon.initiate('net'))).ok).toBe(false);
  expect(world.ladder()).not.toContain('FRAG_SUP');
});
