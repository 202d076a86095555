import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { NO_SPI } from '../../../daemon/proto/ike-spi.ts';
import { parseRedirectTarget, type RedirectTarget } from '../../../daemon/proto/redirect-target.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage } from '../../../daemon/wire/message.ts';
import { encodeRedirect } from '../../../daemon/wire/redirect-data.ts';
import { hostSpec } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { connectionOf, type PairSetup, pair, places } from '../pair.ts';
import { notifiesIn, Puppet } from '../puppet.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const DAVE = '192.0.2.3';
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };

function target(text: string): RedirectTarget {
  const parsed = parseRedirectTarget(text);
  if (parsed === undefined) throw new TypeError(`no gateway: ${text}`);
  return parsed;
}

/** Another gateway for the network behind carol, and under carol's name. */
async function cluster(
  world: World,
  setup: PairSetup = {},
): Promise<readonly [moon: WorldHost, carol: WorldHost, dave: WorldHost]> {
  const [moon, carol] = await pair(world, setup);
  const dave = await world.host('dave', [DAVE, '10.2.0.3'], setup.options);
  dave.secret('a secret that nobody guesses');
  await dave.load({
    ...connectionOf(setup, 'carol', 'moon'),
    localAddrs: [hostSpec(DAVE)],
  });
  return [moon, carol, dave];
}

async function expectAt(
  world: World,
  moon: WorldHost,
  here: WorldHost,
  left: WorldHost,
): Promise<void> {
  await world.settle(() => here.children.length === 1 && moon.children.length === 1);
  expect(moon.sas).toHaveLength(1);
  expect(moon.sas[0]?.remoteHost).toBe(here.address);
  expect(carry(moon.kernel, here.kernel, there).kind).toBe('protected');
  expect(here.lines).toContain(`client got redirected from ${left.address}`);
  await world.pass(40_000);
  expect(left.sas).toEqual([]);
  expect(left.kernel.empty).toBe(true);
  expect(left.daemon.manager.guard.halfOpen).toBe(0);
}

test.each([DAVE, 'dave.example.org'])(
  'redirected in IKE_SA_INIT to %s, RFC 5685 section 3',
  async (where) => {
    await using world = new World();
    const [moon, carol, dave] = await cluster(world);
    moon.names.set('dave.example.org', [ip(DAVE)]);
    carol.redirectInit = () => target(where);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.lines).toContain(`redirected to ${where}`);
    expect(world.ladder()).toContain('N(REDIR_SUP)');
    expect(world.ladder()).toContain('N(REDIR_FROM)');
    await expectAt(world, moon, dave, carol);
    expect(carol.events.filter((event) => event.kind === 'ike-updown')).toEqual([]);
  },
);

test('redirected in IKE_AUTH, RFC 5685 section 6: no CHILD_SA, and the first gateway is told goodbye', async () => {
  await using world = new World();
  const [moon, carol, dave] = await cluster(world);
  carol.redirectAuth = (_peer, identity) =>
    new TextDecoder().decode(identity.data) === 'moon.example.org' ? target(DAVE) : undefined;
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  // the DELETE came, nothing had to be timed out
  expect(carol.sas).toEqual([]);
  await expectAt(world, moon, dave, carol);
  expect(carol.kernel.calls.filter((call) => call.startsWith('addSa'))).toEqual([]);
  const raised = carol.events.filter((event) => event.kind.endsWith('updown'));
  expect(raised).toEqual([]);
});

test('a redirected peer that never says goodbye is forgotten', async () => {
  await using world = new World();
  const [, carol] = await cluster(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  carol.redirectAuth = () => target(DAVE);
  const puppet = new Puppet(world, '198.51.100.7', places.carol.address);
  await puppet.init((all) => [...all, notify(NotifyType.REDIRECT_SUPPORTED)]);
  const answer = await puppet.auth();
  expect(answer?.payloads.map(({ kind }) => kind)).toEqual(['IDr', 'AUTH', 'Notify']);
  expect(notifiesIn(answer)).toEqual([NotifyType.REDIRECT]);
  expect(carol.sas).toHaveLength(1);
  await world.pass(31_000);
  expect(carol.sas).toEqual([]);
  expect(carol.alerts('half-open-timeout')).toBe(0);
});

test('an established IKE_SA is redirected by command, and no packet is lost meanwhile', async () => {
  await using world = new World();
  const [moon, carol, dave] = await cluster(world);
  await world.during(moon.initiate('net'));
  const outcome = await carol.daemon.control.redirect({ gateway: target(DAVE), ike: 'gw' });
  expect(outcome).toEqual({ ok: true, matches: 1 });
  for (let i = 0; i < 100; i++) {
    const reached = [carol, dave].filter(
      (host) => carry(moon.kernel, host.kernel, there).kind === 'protected',
    );
    expect(reached, `after ${i} ms`).toHaveLength(1);
    await world.pass(1);
  }
  await expectAt(world, moon, dave, carol);
});

test('a gateway that cannot be reached changes nothing', async () => {
  await using world = new World();
  const [moon, carol, dave] = await cluster(world);
  await world.during(moon.initiate('net'));
  dave.kill();
  await carol.daemon.control.redirect({ gateway: target(DAVE), ike: 'gw' });
  await world.pass(600_000);
  expect(moon.sas.map((sa) => sa.remoteHost)).toEqual([places.carol.address]);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
});

test('selectors of the command: name, id, peer address, peer identity; all given must match', async () => {
  await using world = new World();
  const [moon, carol] = await cluster(world);
  await world.during(moon.initiate('net'));
  const { control } = carol.daemon;
  const gateway = target(DAVE);
  const id = (text: string) => parseIdentity(text, { allowRegex: true });
  const subnet = (address: string) =>
    ({ kind: 'subnet', text: '', address: ip(address), prefix: 24 }) as const;
  const uniqueId = carol.sas[0]?.uniqueId ?? 0;
  for (const no of [
    { ike: 'other' },
    { ikeId: uniqueId + 1 },
    { ike: 'gw', ikeId: uniqueId + 1 },
    { peerIp: subnet('198.51.100.0') },
    { ike: 'gw', peerIp: hostSpec('192.0.2.9') },
    { peerId: id('*.example.com') },
    { peerIp: subnet('192.0.2.0'), peerId: id('sun.example.org') },
  ]) {
    expect(await control.redirect({ gateway, ...no })).toMatchObject({ ok: false, matches: 0 });
  }
  // Only the first can be followed; the others show that they match.
  for (const yes of [
    { ikeId: uniqueId },
    { peerIp: subnet('192.0.2.0'), ike: 'gw' },
    { peerId: id('*.example.org') },
    { peerId: id('moon.example.org'), peerIp: hostSpec('192.0.2.1') },
  ]) {
    expect(await control.redirect({ gateway, ...yes })).toEqual({ ok: true, matches: 1 });
  }
});

test('the initiator redirects nobody: success with matches, and a line in the log', async () => {
  await using world = new World();
  const [moon, carol] = await cluster(world);
  await world.during(moon.initiate('net'));
  const outcome = await moon.daemon.control.redirect({ gateway: target(DAVE), ike: 'gw' });
  expect(outcome).toEqual({ ok: true, matches: 1 });
  await world.pass(1000);
  expect(moon.lines.join('\n')).toContain('unable to redirect');
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('follow_redirects = no: not announced, and nobody is redirected', async () => {
  await using world = new World();
  const [moon, carol] = await cluster(world, { moonOptions: { follow_redirects: false } });
  carol.redirectInit = () => target(DAVE);
  carol.redirectAuth = () => target(DAVE);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(world.ladder()).not.toContain('REDIR');
  await carol.daemon.control.redirect({ gateway: target(DAVE), ike: 'gw' });
  await world.pass(1000);
  expect(moon.sas.map((sa) => sa.remoteHost)).toEqual([places.carol.address]);
  expect(carol.lines.join('\n')).toContain('does not follow redirects');
});

test('loop limit: whoever is sent on more than five times in five minutes gives up', async () => {
  await using world = new World();
  const [moon, carol, dave] = await cluster(world);
  let redirects = 0;
  const sendingTo = (gateway: string) => () => {
    redirects += 1;
    return target(gateway);
  };
  carol.redirectInit = sendingTo(DAVE);
  dave.redirectInit = sendingTo(places.carol.address);
  expect(await world.during(moon.initiate('net'))).toMatchObject({
    ok: false,
    errmsg: expect.stringContaining('redirected more than 5 times in 300 seconds'),
  });
  expect(redirects).toBe(6);
  expect(moon.sas).toEqual([]);
});

test('loop limit: an established IKE_SA is not sent round in circles either, and stays', async () => {
  await using world = new World();
  const [moon, carol, dave] = await cluster(world);
  await world.during(moon.initiate('net'));
  for (let i = 0; i < 10; i++) {
    for (const [from, to] of [
      [carol, DAVE],
      [dave, places.carol.address],
    ] as const) {
      await from.daemon.control.redirect({ gateway: target(to), ike: 'gw' });
      await world.pass(1000);
    }
  }
  expect(moon.lines.filter((line) => line.startsWith('redirected to'))).toHaveLength(5);
  expect(moon.lines.join('\n')).toContain('redirected more than 5 times');
  expect(moon.children).toHaveLength(1);
  await world.pass(300_000);
  const [at] = moon.sas.map((sa) => sa.remoteHost);
  const from = at === ip(DAVE) ? dave : carol;
  await from.daemon.control.redirect({
    gateway: target(at === ip(DAVE) ? places.carol.address : DAVE),
    ike: 'gw',
  });
  await world.pass(1000);
  expect(moon.sas.map((sa) => sa.remoteHost)).not.toEqual([at]);
});

test.each([
  ['no nonce', () => new Uint8Array(0)],
  ['another nonce', () => new Uint8Array(32).fill(7)],
])('a forged REDIRECT with %s is ignored, the genuine answer counts', async (_name, nonce) => {
  await using world = new World();
  const [moon, carol] = await cluster(world);
  world.network.intercept = (packet) => {
    if (packet.from !== 'moon' || packet.source.port !== 500) return packet;
    const header = parseHeader(packet.data);
    world.network.inject(
      packet.destination,
      packet.source,
      encodeMessage(
        {
          spiI: header.spiI,
          spiR: NO_SPI,
          exchange: ExchangeType.IKE_SA_INIT,
          isResponse: true,
          fromInitiator: false,
          messageId: 0,
          payloads: [notify(NotifyType.REDIRECT, encodeRedirect(target(DAVE), nonce()))],
        },
        undefined,
      ),
    );
    return packet;
  };
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.sas[0]?.remoteHost).toBe(carol.address);
  expect(moon.lines).toContain('received REDIRECT notify without our nonce, ignored');
});

test.each([
  ['nothing', []],
  ['a length behind its end', [1, 9, 1, 2, 3, 4]],
  ['an IPv4 address of three octets', [1, 3, 1, 2, 3]],
  ['0.0.0.0', [1, 4, 0, 0, 0, 0]],
  ['kind 9', [9, 4, 1, 2, 3, 4]],
  ['a name with a shell in it', [3, 4, 0x24, 0x28, 0x61, 0x29]],
  ['an empty name', [3, 0]],
])('an INFORMATIONAL REDIRECT that names %s is answered and ignored', async (_name, octets) => {
  await using world = new World();
  const [moon, carol] = await cluster(world);
  await world.during(moon.initiate('net'));
  const [sa] = carol.daemon.manager.tables.byId.values();
  sa?.post(() => {
    sa.engine.request({
      exchange: ExchangeType.INFORMATIONAL,
      payloads: [notify(NotifyType.REDIRECT, Uint8Array.from(octets))],
    });
  });
  await world.pass(1000);
  expect(moon.lines).toContain('received REDIRECT notify, ignored');
  expect(sa?.engine.waiting).toBe(false);
  expect(moon.sas).toHaveLength(1);
});

test('a client cannot redirect its gateway', async () => {
  await using world = new World();
  const [, carol] = await cluster(world, {
    carolConnection: { remoteAddrs: [{ kind: 'any', text: '%any' }] },
  });
  const puppet = new Puppet(world, '198.51.100.7', places.carol.address);
  await puppet.init();
  await puppet.auth();
  const answer = await puppet.request(ExchangeType.INFORMATIONAL, [
    notify(NotifyType.REDIRECT, encodeRedirect(target(DAVE))),
  ]);
  expect(answer?.payloads).toEqual([]);
  await world.pass(10_000);
  expect(carol.sas).toHaveLength(1);
});
