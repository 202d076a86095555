import { expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { Payload } from '../../../daemon/proto/payload.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { parseMessage } from '../../../daemon/wire/message.ts';
import { hostSpec } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';
import { pair, places } from '../pair.ts';
import { notifiesIn, Puppet } from '../puppet.ts';
import { simCrypto, World } from '../world.ts';

const anybody = [{ kind: 'any', text: '%any' }] as const;

// moon --> carol  HDR, SA, KE, Ni          carol --> moon  HDR, N(COOKIE)
// moon --> carol  HDR, N(COOKIE), SA, KE, Ni with "all other payloads unchanged"
test.each([false, true])(
  'the request with the COOKIE is otherwise the same, RFC 7296 section 2.6 (encap %s)',
  async (encap) => {
    await using world = new World();
    const [moon] = await pair(world, {
      carolOptions: { cookie_threshold: 1 },
      carolConnection: { remoteAddrs: anybody },
      moonConnection: { encap },
    });
    await new Puppet(world, '192.0.2.77', places.carol.address).init();
    const sent: (readonly Payload[])[] = [];
    world.network.onPacket(({ packet }) => {
      if (packet.from !== 'moon' || packet.destination.port !== 500) return;
      sent.push(parseMessage(packet.data, parseHeader(packet.data), undefined).payloads);
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(sent).toHaveLength(2);
    const [plain = [], [cookie, ...rest] = []] = sent;
    expect(cookie).toMatchObject({ kind: 'Notify', type: NotifyType.COOKIE });
    expect(rest).toEqual(plain);
  },
);

test('encap=yes of the responder enforces UDP encapsulation as well', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { carolConnection: { encap: true } });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(carol.lines).toContain('faking NAT situation to enforce UDP encapsulation');
  expect(carol.sas[0]).toMatchObject({ natFake: true });
  expect(moon.sas[0]).toMatchObject({ natRemote: true });
  for (const host of [moon, carol]) {
    expect(host.kernel.sas.size).toBe(2);
    expect([...host.kernel.sas.values()].every(({ sa }) => sa?.encap !== undefined)).toBe(true);
  }
});

test('a responder behind a forwarding follows a peer whose NAT was rebound', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { remoteAddrs: [hostSpec('198.51.100.2')], dpdDelay: 30 },
    carolConnection: { remoteAddrs: anybody },
  });
  const nat = world.network.nat(ip('198.51.100.1'), 'moon');
  const forwarding = world.network.nat(ip('198.51.100.2'), 'carol');
  for (const port of [500, 4500])
    forwarding.forward(port, { address: ip(places.carol.address), port });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(carol.sas[0]).toMatchObject({ natLocal: true, natRemote: true });
  const before = carol.sas[0]?.remotePort;
  nat.rebind();
  await world.pass(120_000);
  expect(carol.sas[0]?.remotePort).not.toBe(before);
});

test('an initiator behind a NAT does not follow, since it is the one that moves', async () => {
  await using world = new World();
  const [moon] = await pair(world, {
    moonConnection: { remoteAddrs: [hostSpec('198.51.100.2')] },
    carolConnection: { remoteAddrs: anybody, dpdDelay: 30 },
  });
  world.network.nat(ip('198.51.100.1'), 'moon');
  const forwarding = world.network.nat(ip('198.51.100.2'), 'carol');
  for (const port of [500, 4500])
    forwarding.forward(port, { address: ip(places.carol.address), port });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  forwarding.forward(4501, { address: ip(places.carol.address), port: 4500 });
  await world.pass(120_000);
  expect(moon.sas[0]?.remotePort).toBe(4500);
});

test('refused IKE_SA_INITs count as half-open ones for a second, so that a flood of them meets cookies', async () => {
  await using world = new World();
  const [, carol] = await pair(world, { carolConnection: { remoteAddrs: anybody } });
  const [unknown] = parseProposals('ike', ['aes256-sha512-modp4096'], simCrypto());
  if (unknown === undefined) throw new TypeError('no proposal');
  const stranger = world.network.host('stranger', [ip('192.0.2.200')]);
  const flood = new Puppet(world, '192.0.2.201', places.carol.address);
  let octets: Uint8Array | undefined;
  world.network.onPacket(({ packet }) => {
    if (packet.from.startsWith('puppet')) octets = packet.data;
  });
  const refused = await flood.init((payloads) =>
    payloads.map((one) =>
      one.kind === 'SA' ? { kind: 'SA', proposals: [{ ...unknown, number: 1 }] } : one,
    ),
  );
  expect(notifiesIn(refused)).toEqual([NotifyType.NO_PROPOSAL_CHOSEN]);
  for (let i = 0; i < 100; i++) {
    const copy = Uint8Array.from(octets ?? []);
    copy[0] = i + 1;
    stranger.send(
      { address: ip('192.0.2.200'), port: 500 },
      { address: ip(places.carol.address), port: 500 },
      copy,
    );
  }
  await world.pass(500);
  expect(carol.daemon.manager.drops.cookies).toBeGreaterThanOrEqual(60);
  expect(carol.daemon.manager.guard.halfOpen).toBe(0);
  await world.pass(15_000);
  expect(notifiesIn(await flood.init())).not.toContain(NotifyType.COOKIE);
});
