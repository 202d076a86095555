import { describe, expect, test } from 'vitest';
import type { ConnectionConfig } from '../../../daemon/config/connection-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { authRound } from '../../support/connections.ts';
import { byKey, enrol, trust } from '../enrol.ts';
import { leases, leasing, openPool } from '../leasing.ts';
import type { PairSetup } from '../pair.ts';
import { TestCa } from '../pki.ts';
import {
  expectTraffic,
  ID,
  KNOWN,
  type PpkHosts,
  ppkHosts,
  REQUIRED,
  type Side,
} from '../ppk-hosts.ts';
import type { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** In IKE_AUTH: IKE_INTERMEDIATE has tests of its own. */
function hosts(moonSide: Side, carolSide: Side, setup: PairSetup = {}): Promise<PpkHosts> {
  const options = { ppk_intermediate: 'no', ...setup.options } as const;
  return ppkHosts(moonSide, carolSide, { ...setup, options });
}

describe('a PPK on both sides, RFC 8784', () => {
  // moon --> carol  HDR, SK {IDi, AUTH, …, N(PPK_IDENTITY, PPK_ID), [N(NO_PPK_AUTH)]}
  // carol --> moon  HDR, SK {IDr, AUTH, …, N(PPK_IDENTITY)}
  test.each<[string, Side, Side, PairSetup?]>([
    ['optional for both', KNOWN, KNOWN],
    ['required by the initiator', REQUIRED, KNOWN],
    ['required by the responder', KNOWN, REQUIRED],
    ['required by both', REQUIRED, REQUIRED],
    ['one that the responder names by a pattern', KNOWN, { id: '*-carol', loaded: ID }],
    ['one that the responder does not name', KNOWN, { loaded: ID }],
    ['one that belongs to anybody', { id: ID, loaded: '%any' }, { id: ID, loaded: '%any' }],
    [
      'one named by octets',
      { id: '@#00ff8001', loaded: '@#00ff8001' },
      { id: '@#00ff8001', loaded: '@#00ff8001' },
    ],
    ['one named by an address', { id: '10.9.8.7', loaded: '10.9.8.7' }, { loaded: '10.9.8.7' }],
    [
      'with an additional key exchange',
      REQUIRED,
      REQUIRED,
      { ike: 'aes128gcm16-prfsha256-x25519-ke1_mlkem768' },
    ],
    ['with a PRF of another length', KNOWN, REQUIRED, { ike: 'aes256-sha512-x25519' }],
  ])('%s: used, and said so', async (_, moonSide, carolSide, setup = {}) => {
    await using run = await hosts(moonSide, carolSide, setup);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    for (const host of [moon, carol]) {
      expect(host.sas[0]?.ppk).toBe(true);
      expect(run.log(host)).toContain('using PPK for PPK_ID');
    }
    expect(run.world.ladder().includes('N(NO_PPK)')).toBe(moonSide.required !== true);
    expectTraffic(moon, carol);
  });

  test('it stays in the keys when CHILD_SA and IKE_SA are rekeyed, by either side', async () => {
    await using run = await hosts(REQUIRED, REQUIRED);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    for (const host of [moon, carol, moon]) {
      for (const sa of host.daemon.manager.tables.byId.values()) {
        for (const child of sa.children.values()) sa.rekeyChild(child);
      }
      await world.pass(30_000);
      for (const sa of host.daemon.manager.tables.byId.values()) sa.rekeyIke();
      await world.pass(60_000);
      expectTraffic(moon, carol);
    }
    expect([moon.sas[0]?.uniqueId, moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual([4, true, true]);
  });

  test('it is remembered over kill -9', async () => {
    await using run = await hosts(REQUIRED, REQUIRED, { options: { state_journal: true } });
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    moon.kill();
    await world.pass(500);
    moon.reborn();
    await moon.start();
    expect(moon.sas.map(({ state, ppk }) => [state, ppk])).toEqual([['ESTABLISHED', true]]);
    expectTraffic(moon, carol);
  });

  test('the keys have it in them: without it they would be others', async () => {
    await using run = await hosts(KNOWN, KNOWN);
    const { world, moon, carol } = run;
    const before: string[] = [];
    world.network.onPacket(({ packet }) => {
      const [sa] = moon.daemon.manager.tables.byId.values();
      if (packet.from === 'moon' && sa?.keys !== undefined)
        before.push(Buffer.from(sa.keys.skD.bytes).toString('hex'));
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    const skD = (host: WorldHost) =>
      [...host.daemon.manager.tables.byId.values()].map(
        ({ keys }) => keys && Buffer.from(keys.skD.bytes).toString('hex'),
      )[0];
    expect(before.length).toBeGreaterThan(0);
    expect(skD(moon)).toBe(skD(carol));
    expect(before).not.toContain(skD(moon));
  });
});

describe('with certificates, whose signatures cover it', () => {
  const MOON = 'moon.example.org';
  const CAROL = 'carol.example.org';
  const id = (text: string) => parseIdentity(text, { allowRegex: true });
  const byKeys: PairSetup = {
    ike: 'aes128gcm16-prfsha256-x25519-ke1_mlkem768',
    moonConnection: { local: [byKey({ id: id(MOON) })], remote: [byKey({ id: id(CAROL) })] },
    carolConnection: { local: [byKey({ id: id(CAROL) })], remote: [byKey({ id: id(MOON) })] },
  };

  test.each<[string, Side, Side, boolean, boolean]>([
    ['required', REQUIRED, REQUIRED, true, true],
    ['optional', KNOWN, KNOWN, true, true],
    ['unknown to the responder', KNOWN, { loaded: 'another' }, true, false],
    ['different', REQUIRED, { ...REQUIRED, secret: 'another' }, false, false],
  ])('%s, after an additional key exchange', async (_, moonSide, carolSide, works, used) => {
    await using run = await hosts(moonSide, carolSide, byKeys);
    const { world, moon, carol } = run;
    const ca = new TestCa('CA');
    for (const host of [moon, carol]) trust(host, ca);
    await enrol(moon, ca.issue('moon', { dns: [MOON] }), []);
    await enrol(carol, ca.issue('carol', { dns: [CAROL] }), []);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: works });
    await world.settle(() => carol.established.length === (works ? 1 : 0));
    expect(carol.sas[0]?.ppk).toBe(used ? true : undefined);
    if (works) expectTraffic(moon, carol);
  });
});

describe('with two rounds of authentication (RFC 4739)', () => {
  const round = (name: string) =>
    authRound({ id: parseIdentity(`${name}.example.org`, { allowRegex: false }) });
  const twice = (here: string, there: string): Partial<ConnectionConfig> => ({
    local: [round(here), round(`${here}-again`)],
    remote: [round(there), round(`${there}-again`)],
  });
  const setup: PairSetup = {
    moonConnection: twice('moon', 'carol'),
    carolConnection: twice('carol', 'moon'),
  };

  test.each<[string, Side, Side, boolean]>([
    ['required', REQUIRED, REQUIRED, true],
    ['optional', KNOWN, KNOWN, true],
    ['unknown to the responder', KNOWN, { loaded: 'another' }, false],
  ])('%s: the first round settles it for all', async (_, moonSide, carolSide, used) => {
    await using run = await hosts(moonSide, carolSide, setup);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    expect([moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual(
      used ? [true, true] : [undefined, undefined],
    );
    expect(world.ladder().match(/IKE_AUTH request.*N\(PPK_ID\)/g)).toHaveLength(1);
    expectTraffic(moon, carol);
  });

  test('required and different: the first round fails', async () => {
    await using run = await hosts(REQUIRED, { ...REQUIRED, secret: 'another' }, setup);
    const { world, moon } = run;
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('AUTHENTICATION_FAILED'),
    });
    expect(world.ladder()).not.toContain('IKE_AUTH request 2');
  });
});

describe('a PPK on one side, not required: without', () => {
  test.each<[string, Side, Side, RegExp, RegExp]>([
    [
      'the responder does not know it',
      KNOWN,
      { loaded: 'another' },
      /peer didn't use PPK for PPK_ID 'ppk-of-moon-and-carol'/,
      /no PPK for 'ppk-of-moon-and-carol' found, ignored because PPK is not required.*no PPK available, using NO_PPK_AUTH notify/s,
    ],
    [
      'the initiator lacks the secret',
      { id: ID },
      KNOWN,
      /no PPK for 'ppk-of-moon-and-carol' found, ignored because PPK is not required/,
      /established/,
    ],
    ['the responder has none at all', KNOWN, {}, /established/, /established/],
    ['the initiator names none', { loaded: ID }, KNOWN, /established/, /established/],
    ['the initiator names only a pattern', { id: '*-carol', loaded: ID }, KNOWN, /est/, /est/],
  ])('%s', async (_, moonSide, carolSide, moonSays, carolSays) => {
    await using run = await hosts(moonSide, carolSide);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    expect([moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual([undefined, undefined]);
    expect(run.log(moon)).toMatch(moonSays);
    expect(run.log(carol)).toMatch(carolSays);
    expectTraffic(moon, carol);
  });
});

describe('PPKs that do not fit: AUTHENTICATION_FAILED, nothing left, the reason in the log', () => {
  const failed = /AUTHENTICATION_FAILED/;
  test.each<[string, Side, Side, RegExp, RegExp | undefined]>([
    [
      'the secrets differ',
      KNOWN,
      { ...KNOWN, secret: 'another' },
      failed,
      /MAC mismatched.*the PPK for PPK_ID 'ppk-of-moon-and-carol' in it: that may differ too/s,
    ],
    [
      'required by the responder, the initiator has none',
      {},
      REQUIRED,
      failed,
      /PPK required but peer does not support PPK/,
    ],
    [
      'required by the responder, which lacks the secret',
      KNOWN,
      { id: ID, required: true },
      failed,
      /PPK required but no PPK for 'ppk-of-moon-and-carol' found/,
    ],
    [
      'required by the initiator, the responder does not know it',
      REQUIRED,
      { loaded: 'another' },
      failed,
      /no PPK for 'ppk-of-moon-and-carol' found, but the peer requires it/,
    ],
    [
      'required by the initiator, the responder has none at all',
      REQUIRED,
      {},
      /PPK required but peer does not support PPK/,
      undefined,
    ],
    [
      'the responder requires another',
      KNOWN,
      { id: 'other', loaded: ID },
      failed,
      /received PPK_ID 'ppk-of-moon-and-carol', but require 'other'/,
    ],
    [
      'required by the initiator, which lacks the secret',
      { id: ID, required: true },
      KNOWN,
      /PPK required but no PPK for 'ppk-of-moon-and-carol' found/,
      undefined,
    ],
    [
      'required by the initiator, which names none',
      { required: true, loaded: ID },
      KNOWN,
      /PPK required, but ppk_id of 'gw' does not name one/,
      undefined,
    ],
  ])('%s', async (_, moonSide, carolSide, errmsg, carolSays) => {
    await using run = await hosts(moonSide, carolSide, leasing({}));
    const { world, moon, carol } = run;
    openPool(carol);
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringMatching(errmsg),
    });
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
    if (carolSays !== undefined) expect(run.log(carol)).toMatch(carolSays);
    expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
    expect(leases(carol)).toEqual({ online: 0, offline: 0 });
  });

  test('required by the initiator, and the answer says nothing of USE_PPK', async () => {
    await using run = await hosts(REQUIRED, KNOWN);
    const { world, moon } = run;
    stripUsePpk(world, 'carol');
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('PPK required but peer does not support PPK'),
    });
  });

  test.each(['moon', 'carol'])('USE_PPK of %s taken away on the way: noticed', async (from) => {
    await using run = await hosts(KNOWN, KNOWN);
    const { world, moon, carol } = run;
    stripUsePpk(world, from);
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringMatching(/AUTHENTICATION_FAILED|MAC mismatched/),
    });
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
  });
});

function stripUsePpk(world: World, from: string): void {
  world.network.intercept = (packet) => {
    if (packet.from !== from || packet.destination.port !== 500) return packet;
    const message = parseMessage(packet.data, parseHeader(packet.data), undefined);
    const payloads = message.payloads.filter(
      (payload) => payload.kind !== 'Notify' || payload.type !== NotifyType.USE_PPK,
    );
    return { ...packet, data: encodeMessage({ ...message, payloads }, undefined) };
  };
}
