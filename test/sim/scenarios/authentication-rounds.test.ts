import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound } from '../../support/connections.ts';
import { ip } from '../../support/selectors.ts';
import { byKey, configured, enrol, trust } from '../enrol.ts';
import { expectNothingLeased, leases, leasing, openPool } from '../leasing.ts';
import { type PairSetup, pair } from '../pair.ts';
import { TestCa } from '../pki.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: true });
const psk = (name: string) => authRound({ id: id(name) });
const key = (name: string) => byKey({ id: id(name) });
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';

async function hosts(
  world: World,
  setup: PairSetup,
): Promise<readonly [moon: WorldHost, carol: WorldHost, ca: TestCa]> {
  const ca = new TestCa('CA');
  const [moon, carol] = await pair(world, setup);
  for (const name of [MOON, 'moon-user.example.org'])
    await enrol(moon, ca.issue(name, { dns: [name] }));
  for (const name of [CAROL, 'carol-2.example.org'])
    await enrol(carol, ca.issue(name, { dns: [name] }));
  trust(moon, ca);
  trust(carol, ca);
  return [moon, carol, ca];
}

const has = (host: WorldHost, pattern: RegExp): boolean =>
  host.lines.some((line) => pattern.test(line));

/** Nobody has anything of the other. */
async function expectNothing(world: World, ...all: readonly WorldHost[]): Promise<void> {
  await world.settle(() => all.every((host) => host.sas.length === 0));
  for (const host of all) expect(host.kernel.empty, host.name).toBe(true);
}

describe('several rounds, RFC 4739', () => {
  test('certificate, then a shared key, by the initiator', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON), psk('user@example.org')], remote: [key(CAROL)] },
      carolConnection: { local: [key(CAROL)], remote: [key(MOON), psk('user@example.org')] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    expect(carol.established[0]?.remoteId).toBe('user@example.org');
    expect(has(carol, /^authentication of 'moon.*' with ECDSA_WITH_SHA256_DER successful$/)).toBe(
      true,
    );
    expect(
      has(carol, /^authentication of 'user@example.org' with pre-shared key successful$/),
    ).toBe(true);
    expect(has(moon, /generating IKE_AUTH request 1 \[ .*N\(AUTH_FOLLOWS\)/)).toBe(true);
  });

  test('two certificates on each side', async () => {
    await using world = new World();
    const mine = [key(MOON), key('moon-user.example.org')];
    const theirs = [key(CAROL), key('carol-2.example.org')];
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: mine, remote: theirs },
      carolConnection: { local: theirs, remote: mine },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    expect(moon.established[0]?.remoteId).toBe('carol-2.example.org');
    expect(carol.established[0]?.remoteId).toBe('moon-user.example.org');
  });

  test('more rounds of the responder: the initiator asks for them with empty requests', async () => {
    await using world = new World();
    const theirs = [key(CAROL), key('carol-2.example.org')];
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON)], remote: theirs },
      carolConnection: { local: theirs, remote: [key(MOON)] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    expect(has(moon, /generating IKE_AUTH request 2 \[ \]/)).toBe(true);
  });

  test('over a link that loses and doubles every fourth message', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      await using world = new World({ seed, link: { loss: 0.25, duplicate: 0.25, reorder: 0.2 } });
      const mine = [key(MOON), psk('user@example.org')];
      const [moon, carol] = await hosts(world, {
        connection: { keyingTries: 0 },
        moonConnection: { local: mine, remote: [key(CAROL)] },
        carolConnection: { local: [key(CAROL)], remote: mine },
      });
      expect(await world.during(moon.initiate('net')), `seed ${seed}`).toEqual({ ok: true });
      await world.settle(() => carol.children.length >= 1);
    }
  });

  test('a peer that does both rounds gets its address after the second', async () => {
    await using world = new World();
    const rounds = [key(MOON), psk('user@example.org')];
    const [moon, carol] = await hosts(
      world,
      leasing({
        moonConnection: { local: rounds, remote: [key(CAROL)] },
        carolConnection: { local: [key(CAROL)], remote: rounds },
      }),
    );
    openPool(carol);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(leases(carol)).toEqual({ online: 1, offline: 0 });
    expect(carol.established[0]).toMatchObject({
      remoteId: 'user@example.org',
      remoteVips: ['10.3.0.1'],
    });
  });

  test('SEC-33: a peer that does one of two rounds gets nothing', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(
      world,
      leasing({
        moonConnection: { local: [key(MOON)], remote: [key(CAROL)] },
        carolConnection: { local: [key(CAROL)], remote: [key(MOON), psk('user@example.org')] },
      }),
    );
    openPool(carol);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    expect(
      has(
        carol,
        /constraint check failed: 'gw' requires 2 rounds of authentication, the peer did 1/,
      ),
    ).toBe(true);
    expect(has(carol, /established/)).toBe(false);
    await expectNothing(world, moon, carol);
    expectNothingLeased(carol);
  });

  test('SEC-33: nor does one that does another round than it should, or as somebody else', async () => {
    for (const second of [key('moon-user.example.org'), psk('mallory@example.org')]) {
      await using world = new World();
      const [moon, carol] = await hosts(
        world,
        leasing({
          moonConnection: { local: [key(MOON), second], remote: [key(CAROL)] },
          carolConnection: { local: [key(CAROL)], remote: [key(MOON), psk('user@example.org')] },
        }),
      );
      openPool(carol);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
      expect(has(carol, /established/)).toBe(false);
      await expectNothing(world, moon, carol);
      expectNothingLeased(carol);
    }
  });

  test('a responder that does fewer rounds than required is refused by the initiator', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON)], remote: [key(CAROL), key('carol-2.example.org')] },
      carolConnection: { local: [key(CAROL)], remote: [key(MOON)] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({
      ok: false,
      errmsg: expect.stringContaining('requires 2 rounds of authentication, the peer did 1'),
    });
    await expectNothing(world, moon, carol);
  });

  test('a peer that does not know several rounds is not surprised by them', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      carolOptions: { multiple_authentication: false },
      moonConnection: { local: [key(MOON), psk('user@example.org')], remote: [key(CAROL)] },
      carolConnection: { local: [key(CAROL)], remote: [key(MOON)] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({
      ok: false,
      errmsg: expect.stringContaining('the peer does not support multiple authentication'),
    });
    expect(moon.alerts('local-auth-failed')).toBe(1);
    await world.settle(() => carol.sas.length === 0);
  });
});

describe('switching to another connection', () => {
  test('the one whose CA, rounds and identities fit is found, whatever stands before it', async () => {
    await using world = new World();
    const [moon, carol, ca] = await hosts(world, {
      moonConnection: { local: [key(MOON)], remote: [key(CAROL)] },
      carolConnection: { local: [key(CAROL)], remote: [psk(MOON)] },
    });
    const [config] = world.configs.get(carol) ?? [];
    if (config === undefined) throw new TypeError('no configuration');
    const other = configured(new TestCa('Other CA').self);
    const more = { ...config, remote: [byKey({ id: id(MOON), cacerts: [other] })] };
    await carol.load({ ...more, name: 'other-ca' });
    await carol.load({ ...config, name: 'two-rounds', remote: [key(MOON), psk('user')] });
    await carol.load({
      ...config,
      name: 'right',
      remote: [byKey({ id: id(MOON), cacerts: [configured(ca.self)] })],
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(carol.established[0]?.name).toBe('right');
    for (const [name, reason] of [
      ['gw', 'constraint check failed: psk authentication is required'],
      ['other-ca', "peer not authenticated by CA 'CN=Other CA'"],
      ['two-rounds', 'requires 2 rounds'],
    ] as const) {
      const line = new RegExp(`^selected peer config '${name}' unacceptable: .*${reason}`);
      expect(has(carol, line), name).toBe(true);
    }
    expect(carol.lines).toContain("switching to peer config 'right'");
  });

  test('the second round decides between connections whose first is the same', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON), psk('bob@example.org')], remote: [key(CAROL)] },
      carolConnection: { local: [key(CAROL)], remote: [key(MOON), psk('alice@example.org')] },
    });
    const [config] = world.configs.get(carol) ?? [];
    if (config === undefined) throw new TypeError('no configuration');
    await carol.load({ ...config, name: 'bob', remote: [key(MOON), psk('bob@example.org')] });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(carol.established[0]?.name).toBe('bob');
    expect(carol.lines).toContain("switching to peer config 'bob'");
  });

  test('but not to one in which we would have been somebody else', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON), psk('bob@example.org')], remote: [byKey()] },
      carolConnection: { local: [key(CAROL)], remote: [key(MOON), psk('alice@example.org')] },
    });
    const [config] = world.configs.get(carol) ?? [];
    if (config === undefined) throw new TypeError('no configuration');
    await carol.load({
      ...config,
      name: 'bob',
      local: [key('carol-2.example.org')],
      remote: [key(MOON), psk('bob@example.org')],
    });
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    await expectNothing(world, moon, carol);
  });
});

test('a thousand connections of another method before the right one', async () => {
  await using world = new World();
  const [moon, carol] = await hosts(world, {
    moonConnection: { local: [key(MOON)], remote: [key(CAROL)] },
    carolConnection: { local: [key(CAROL)], remote: [authRound()] },
  });
  const [config] = world.configs.get(carol) ?? [];
  if (config === undefined) throw new TypeError('no configuration');
  for (let i = 0; i < 1000; i++) await carol.load({ ...config, name: `psk-${i}` });
  await carol.load({ ...config, name: 'right', remote: [byKey()] });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(carol.established[0]?.name).toBe('right');
  expect(carol.lines.filter((line) => line.includes('unacceptable')).length).toBeLessThan(20);
});

describe('NULL authentication, RFC 7619', () => {
  const nobody = authRound({ class: 'null', auth: 'null' });

  test('a client without a name and a gateway with a certificate', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [nobody], remote: [key(CAROL)] },
      carolConnection: { local: [key(CAROL)], remote: [nobody] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    expect(carol.established[0]?.remoteId).toBe('%null');
    expect(has(carol, /parsed IKE_AUTH request 1 \[ .*INIT_CONTACT/)).toBe(false);
  });

  test('SEC-34: whoever is not configured for it does not accept it', async () => {
    for (const remote of [key(MOON), byKey(), psk(MOON), authRound({ class: 'any', auth: '' })]) {
      await using world = new World();
      const [moon, carol] = await hosts(world, {
        moonConnection: { local: [nobody], remote: [key(CAROL)] },
        carolConnection: { local: [key(CAROL)], remote: [remote] },
      });
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
      expect(has(carol, /established/)).toBe(false);
      await expectNothing(world, moon, carol);
    }
  });

  test('SEC-34: a gateway without a name is not taken for the one that is meant', async () => {
    await using world = new World();
    const [moon, carol] = await hosts(world, {
      moonConnection: { local: [key(MOON)], remote: [key(CAROL)] },
      carolConnection: { local: [nobody], remote: [key(MOON)] },
    });
    expect(await world.during(moon.initiate('net'))).toEqual({
      ok: false,
      errmsg: expect.stringContaining('constraint check failed: pubkey authentication is required'),
    });
    await expectNothing(world, moon, carol);
  });

  test('SEC-34: nobody replaces nobody, nor anybody, and gets an address of its own', async () => {
    await using world = new World();
    const [moon, carol, ca] = await hosts(world, {
      moonConnection: { local: [key(MOON)], remote: [key(CAROL)] },
      carolConnection: {
        local: [key(CAROL)],
        remote: [key(MOON)],
        remoteAddrs: [{ kind: 'any', text: '%any' }],
        unique: 'replace',
      },
    });
    const [config] = world.configs.get(carol) ?? [];
    const [own] = world.configs.get(moon) ?? [];
    if (config === undefined || own === undefined) throw new TypeError('no configuration');
    const anywhere = [{ kind: 'any', text: '%any' }] as const;
    carol.pool('pool', '10.9.0.0/24');
    await carol.load({ ...config, name: 'road', remote: [nobody], pools: ['pool'] });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    for (const name of ['dave', 'eve']) {
      const host = await world.host(name, [`192.0.2.${name.length + 10}`]);
      trust(host, ca);
      await host.load({ ...own, localAddrs: anywhere, local: [nobody], vips: [ip('0.0.0.0')] });
      expect(await world.during(host.initiate('net')), name).toEqual({ ok: true });
    }
    const peers = carol.established.map(({ name, remoteId }) => `${name} ${remoteId}`);
    expect(peers.sort()).toEqual([`gw ${MOON}`, 'road %null', 'road %null']);
    const vips = carol.established.flatMap(({ remoteVips }) => remoteVips);
    expect(new Set(vips).size).toBe(2);
  });
});
