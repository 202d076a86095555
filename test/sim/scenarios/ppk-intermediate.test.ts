import { describe, expect, test } from 'vitest';
import type { DaemonOptions } from '../../../daemon/config/options.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import type { PairSetup } from '../pair.ts';
import { expectTraffic, ID, KNOWN, ppkHosts, REQUIRED, type Side } from '../ppk-hosts.ts';
import type { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const WITH_KE: PairSetup = { ike: 'aes128gcm16-prfsha256-x25519-ke1_mlkem768' };
const TWO_KES: PairSetup = { ike: 'aes256-sha512-x25519-ke1_mlkem512-ke2_mlkem768' };
const PRIVATE: Partial<DaemonOptions> = { ppk_intermediate: 'private' };

const skD = (host: WorldHost): string | undefined =>
  [...host.daemon.manager.tables.byId.values()].map(
    ({ keys }) => keys && Buffer.from(keys.skD.bytes).toString('hex'),
  )[0];

describe('a PPK on both sides, RFC 9867', () => {
  // moon --> carol  HDR, SK {[KEi(n)], N(PPK_IDENTITY_KEY, PPK_ID | confirmation)}
  // carol --> moon  HDR, SK {[KEr(n)], N(PPK_IDENTITY, PPK_ID)}
  test.each<[string, Side, Side, PairSetup?]>([
    ['optional for both', KNOWN, KNOWN],
    ['required by the initiator', REQUIRED, KNOWN],
    ['required by the responder', KNOWN, REQUIRED],
    ['required by both', REQUIRED, REQUIRED],
    ['one that the responder names by a pattern', KNOWN, { id: '*-carol', loaded: ID }],
    ['one that the responder does not name', KNOWN, { loaded: ID }],
    ['one named by octets', { id: '@#00ff80', loaded: '@#00ff80' }, { loaded: '@#00ff80' }],
    ['with an additional key exchange', REQUIRED, REQUIRED, WITH_KE],
    ['with two, and a PRF of another length', KNOWN, KNOWN, TWO_KES],
    ['by private numbers allowed on one side', KNOWN, KNOWN, { moonOptions: PRIVATE }],
    ['by private numbers allowed on both', KNOWN, KNOWN, { options: PRIVATE }],
  ])('%s: used before IKE_AUTH', async (_, moonSide, carolSide, setup = {}) => {
    await using run = await ppkHosts(moonSide, carolSide, setup);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    for (const host of [moon, carol]) {
      expect(host.sas[0]?.ppk).toBe(true);
      expect(run.log(host)).toContain('using PPK for PPK_ID');
    }
    const ladder = world.ladder();
    expect(ladder).toMatch(/IKE_INTERMEDIATE request \d \[ (KE )?N\(PPK_ID_KEY\) \]/);
    expect(ladder).toMatch(/IKE_INTERMEDIATE response \d \[ (KE )?N\(PPK_ID\) \]/);
    expect(ladder).not.toMatch(/IKE_AUTH.*N\((PPK_ID|NO_PPK)\)/);
    expect(skD(moon)).toBe(skD(carol));
    expectTraffic(moon, carol);
  });

  test('with an additional key exchange it costs no message more', async () => {
    const exchanges = async (side: Side): Promise<number> => {
      await using run = await ppkHosts(side, side, TWO_KES);
      await run.world.during(run.moon.initiate('net'));
      return new Set(run.world.ladder().match(/IKE_INTERMEDIATE request \d/g)).size;
    };
    expect(await exchanges({})).toBe(2);
    expect(await exchanges(REQUIRED)).toBe(2);
  });

  test('IKE_AUTH, with the identities in it, is protected by keys that have it in them', async () => {
    await using run = await ppkHosts(REQUIRED, REQUIRED);
    const { world, moon } = run;
    const used = new Set<string>();
    world.network.onPacket(({ packet }) => {
      const now = packet.from === 'moon' ? skD(moon) : undefined;
      if (now !== undefined) used.add(now);
    });
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    // those of IKE_SA_INIT for IKE_INTERMEDIATE, and others for IKE_AUTH
    expect(used.size).toBe(2);
  });

  test('it stays in the keys when CHILD_SA and IKE_SA are rekeyed, by either side', async () => {
    await using run = await ppkHosts(REQUIRED, REQUIRED);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    for (const host of [moon, carol]) {
      for (const sa of host.daemon.manager.tables.byId.values()) {
        for (const child of sa.children.values()) sa.rekeyChild(child);
      }
      await world.pass(30_000);
      for (const sa of host.daemon.manager.tables.byId.values()) sa.rekeyIke();
      await world.pass(60_000);
      expectTraffic(moon, carol);
    }
    expect([moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual([true, true]);
  });

  test.each([1, 2, 3])('with losses, repetitions and disorder, seed %i', async (seed) => {
    await using run = await ppkHosts(REQUIRED, REQUIRED, WITH_KE, {
      seed,
      link: { loss: 0.25, duplicate: 0.25, reorder: 0.3 },
    });
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    expectTraffic(moon, carol);
  });
});

describe('peers that do not know RFC 9867: in IKE_AUTH (RFC 8784)', () => {
  const off: Partial<DaemonOptions> = { ppk_intermediate: 'no' };
  test.each<[string, PairSetup]>([
    ['the initiator', { moonOptions: off }],
    ['the responder', { carolOptions: off }],
  ])('%s', async (_, setup) => {
    await using run = await ppkHosts(REQUIRED, REQUIRED, setup);
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.established.length === 1);
    expect(world.ladder()).not.toContain('IKE_INTERMEDIATE');
    expect([moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual([true, true]);
    expectTraffic(moon, carol);
  });
});

describe('a PPK that is not the same, not required: without', () => {
  test.each<[string, Side, Side, RegExp]>([
    ['unknown to the responder', KNOWN, { loaded: 'another' }, /no PPK for 'ppk-of-moon-and-/],
    ['another secret', KNOWN, { ...KNOWN, secret: 'another' }, /is not the one that the peer has/],
    ['the responder has none at all', KNOWN, {}, /established/],
    ['the initiator lacks the secret', { id: ID }, KNOWN, /established/],
  ])('%s', async (_, moonSide, carolSide, carolSays) => {
    for (const setup of [{}, WITH_KE]) {
      await using run = await ppkHosts(moonSide, carolSide, setup);
      const { world, moon, carol } = run;
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      await world.settle(() => carol.established.length === 1);
      expect([moon.sas[0]?.ppk, carol.sas[0]?.ppk]).toEqual([undefined, undefined]);
      expect(run.log(carol)).toMatch(carolSays);
      expectTraffic(moon, carol);
    }
  });
});

describe('a PPK that is required and cannot be used: nothing is left', () => {
  const failed = /AUTHENTICATION_FAILED/;
  const didNot = /PPK required, but peer didn't use PPK for PPK_ID 'ppk-of-moon-and-carol'/;
  test.each<[string, Side, Side, RegExp, RegExp]>([
    [
      'by the initiator, secrets differ',
      REQUIRED,
      { ...KNOWN, secret: 'x' },
      didNot,
      /not the one/,
    ],
    ['by the initiator, unknown', REQUIRED, { loaded: 'another' }, didNot, /no PPK for 'ppk-of/],
    [
      'by the responder, secrets differ',
      KNOWN,
      { ...REQUIRED, secret: 'x' },
      failed,
      /PPK required but peer does not use one that is known here/,
    ],
    [
      'by the responder, which lacks the secret',
      KNOWN,
      { id: ID, required: true },
      failed,
      /PPK required but peer does not use one that is known here/,
    ],
    [
      'by the responder, of another name',
      KNOWN,
      { id: 'other', loaded: ID },
      failed,
      /received PPK_ID 'ppk-of-moon-and-carol', but require 'other'/,
    ],
  ])('%s', async (_, moonSide, carolSide, errmsg, carolSays) => {
    for (const setup of [{}, WITH_KE]) {
      await using run = await ppkHosts(moonSide, carolSide, setup);
      const { world, moon, carol } = run;
      expect(await world.during(moon.initiate('net'))).toMatchObject({
        ok: false,
        errmsg: expect.stringMatching(errmsg),
      });
      await world.pass(60_000);
      expect(moon.sas.length + carol.sas.length).toBe(0);
      expect(run.log(carol)).toMatch(carolSays);
      expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
    }
  });

  test.each(['moon', 'carol'])('USE_PPK_INT of %s taken away on the way: noticed', async (from) => {
    await using run = await ppkHosts(KNOWN, KNOWN);
    const { world, moon, carol } = run;
    stripUsePpkInt(world, from);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    await world.pass(60_000);
    expect(moon.sas.length + carol.sas.length).toBe(0);
  });
});

function stripUsePpkInt(world: World, from: string): void {
  world.network.intercept = (packet) => {
    if (packet.from !== from || packet.destination.port !== 500) return packet;
    const header = parseHeader(packet.data);
    if (header.messageId !== 0) return packet;
    const message = parseMessage(packet.data, header, undefined);
    const payloads = message.payloads.filter(
      (payload) => payload.kind !== 'Notify' || payload.type !== NotifyType.USE_PPK_INT,
    );
    return { ...packet, data: encodeMessage({ ...message, payloads }, undefined) };
  };
}
