import { describe, expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import type { Message, Payload } from '../../../daemon/proto/payload.ts';
import { equalBytes } from '../../../daemon/util/bytes.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import type { SimPacket } from '../sim-network.ts';
import { World, type WorldOptions } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const CLASSIC = 'aes128gcm16-prfsha256-x25519';
const HYBRID = `${CLASSIC}-ke1_mlkem768`;
const THREE = 'aes256-sha384-ecp384-ke1_mlkem1024-ke2_x25519';
const ONE_MORE = ['IKE_SA_INIT 0', 'IKE_INTERMEDIATE 1', 'IKE_AUTH 2'];

/** Requests in the order of their first sending: `IKE_INTERMEDIATE 1`. */
function watchRequests(world: World): readonly string[] {
  const seen: string[] = [];
  world.network.onPacket(({ packet }) => {
    const { exchange, isResponse, messageId } = headerOf(packet);
    const name = `${NAMES.get(exchange) ?? exchange} ${messageId}`;
    if (!isResponse && !seen.includes(name)) seen.push(name);
  });
  return seen;
}

const NAMES = new Map<number, string>(
  Object.entries(ExchangeType).map(([name, exchange]) => [exchange, name]),
);

/** From and to port 4500 a marker is in front. */
function markerOf({ destination, source }: SimPacket): number {
  return destination.port === 4500 || source.port === 4500 ? 4 : 0;
}

function headerOf(packet: SimPacket): ReturnType<typeof parseHeader> {
  return parseHeader(packet.data.subarray(markerOf(packet)));
}

function expectTraffic(moon: WorldHost, carol: WorldHost): void {
  const there = { source: ip(places.moon.inside), destination: ip(places.carol.inside) };
  const back = { source: ip(places.carol.inside), destination: ip(places.moon.inside) };
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}

async function hosts(setup: PairSetup, options: WorldOptions = {}) {
  const world = new World(options);
  const requests = watchRequests(world);
  const [moon, carol] = await pair(world, setup);
  return {
    world,
    requests,
    moon,
    carol,
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

describe('additional key exchanges in the initial exchanges, RFC 9370 section 2.2', () => {
  // initiator -> responder  IKE_INTERMEDIATE: HDR, SK {KEi(1)}   <--  HDR, SK {KEr(1)}
  test.each([
    ['moon', HYBRID, ONE_MORE, ['ML_KEM_768']],
    ['carol', HYBRID, ONE_MORE, ['ML_KEM_768']],
    [
      'moon',
      THREE,
      ['IKE_SA_INIT 0', 'IKE_INTERMEDIATE 1', 'IKE_INTERMEDIATE 2', 'IKE_AUTH 3'],
      ['ML_KEM_1024', 'CURVE_25519'],
    ],
  ] as const)('%s initiates with %s', async (who, ike, exchanges, listed) => {
    await using run = await hosts({ ike });
    const { world, moon, carol } = run;
    const from = who === 'moon' ? moon : carol;
    expect(await world.during(from.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => moon.established.length + carol.established.length === 2);
    expect(run.requests).toEqual(exchanges);
    for (const { sas } of [moon, carol]) {
      expect(sas[0]?.algorithms?.additionalKe?.map(({ name }) => name)).toEqual(listed);
    }
    expectTraffic(moon, carol);
  });

  test('one that may be left out is, if the peer has none, and nobody announces anything', async () => {
    await using run = await hosts({ moonIke: `${HYBRID}-ke1_none`, carolIke: CLASSIC });
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    expect(run.requests).toEqual(['IKE_SA_INIT 0', 'IKE_AUTH 1']);
    expect(run.world.ladder()).not.toMatch(/carol --> moon.*IKE_INT_SUP/);
  });

  test('one that the peer demands and we lack is NO_PROPOSAL_CHOSEN, with the reason in the log', async () => {
    await using run = await hosts({ moonIke: CLASSIC, carolIke: HYBRID });
    expect(await run.world.during(run.moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('NO_PROPOSAL_CHOSEN'),
    });
    expect(run.carol.lines.join('\n')).toContain(
      'ADDKE1 (configured KE1_ML_KEM_768, received none)',
    );
    expect([run.moon.sas, run.carol.sas]).toEqual([[], []]);
  });

  test('a key too long for one datagram goes in fragments', async () => {
    await using run = await hosts({
      ike: HYBRID,
      options: { fragment_size: 300 },
      connection: { fragmentation: 'force' },
    });
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    const fragments = run.world.ladder().match(/splitting IKE message \(\d+ bytes\) into \d+/g);
    expect(fragments?.length).toBeGreaterThanOrEqual(2);
    expectTraffic(run.moon, run.carol);
  });

  test('without fragmentation it goes whole', async () => {
    await using run = await hosts({ ike: HYBRID, connection: { fragmentation: 'no' } });
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    expectTraffic(run.moon, run.carol);
  });

  test('behind a NAT the change to port 4500 comes before IKE_INTERMEDIATE', async () => {
    const anybody = { remoteAddrs: [{ kind: 'any', text: '%any' }] } as const;
    await using run = await hosts({ ike: HYBRID, carolConnection: anybody });
    run.world.network.nat(ip('203.0.113.1'), 'moon');
    const ports: string[] = [];
    run.world.network.onPacket(({ packet }) => {
      if (packet.to === 'carol')
        ports.push(`${headerOf(packet).exchange}:${packet.destination.port}`);
    });
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    expect([...new Set(ports)]).toEqual(['34:500', '43:4500', '35:4500']);
  });

  test('it is rekeyed with the same key exchanges', async () => {
    await using run = await hosts({ ike: HYBRID });
    const { world, moon, carol } = run;
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    for (const sa of carol.daemon.manager.tables.byId.values()) sa.rekeyIke();
    await world.pass(60_000);
    expect(moon.sas.map(({ uniqueId }) => uniqueId)).toEqual([2]);
    expect(moon.sas[0]?.algorithms?.additionalKe).toEqual([{ number: 1, name: 'ML_KEM_768' }]);
    expectTraffic(moon, carol);
  });
});

describe('over a bad network', () => {
  // Every packet of the initial exchanges, in its turn, is lost once.
  test.each([0, 1, 2, 3, 4, 5])('packet %i is lost', async (lost) => {
    await using run = await hosts({ ike: HYBRID, connection: { fragmentation: 'no' } });
    let count = 0;
    run.world.network.intercept = (packet) => (count++ === lost ? undefined : packet);
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    await run.world.settle(() => run.carol.established.length === 1);
    expect(run.carol.sas.length).toBe(1);
    expectTraffic(run.moon, run.carol);
  });

  test('what is repeated late changes nothing', async () => {
    await using run = await hosts({ ike: THREE });
    const old: SimPacket[] = [];
    // Answers to what is repeated are left alone, or there would be no end of it.
    run.world.network.intercept = (packet) => {
      if (old.some(({ data }) => equalBytes(data, packet.data))) return packet;
      old.push(packet);
      return [packet, ...old];
    };
    expect(await run.world.during(run.moon.initiate('net'))).toEqual({ ok: true });
    // The repeated IKE_SA_INIT request began a second one, which nobody follows up.
    await run.world.pass(60_000);
    expect([run.moon.sas.length, run.carol.sas.length]).toEqual([1, 1]);
    expectTraffic(run.moon, run.carol);
  });

  // 600 octets and the smallest make the same number of fragments: the second splitting must not be taken for the first.
  test.each([500, 600, 1280])(
    'fragments of %i octets in any order, twice, or never',
    async (size) => {
      for (let seed = 1; seed <= 20; seed++) {
        await using run = await hosts(
          {
            ike: THREE,
            options: {
              fragment_size: size,
              retransmit_timeout: 1,
              retransmit_base: 1,
              retransmit_tries: 40,
              half_open_timeout: 120,
            },
            connection: { fragmentation: 'force' },
          },
          { seed, link: { loss: 0.15, duplicate: 0.3, reorder: 0.5 } },
        );
        const { world, moon, carol } = run;
        const outcome = await world.during(moon.initiate('net'));
        expect(outcome, `seed ${seed}`).toEqual({ ok: true });
        world.network.link = { ...world.network.link, loss: 0, reorder: 0 };
        await world.pass(60_000);
        expectTraffic(moon, carol);
      }
    },
  );

  // The request goes out again in the smallest fragments (RFC 7383 section 2.5.2), when its keys are no longer in force.
  test.each([1, 2])(
    'the answer to request %i is lost until the request is split anew',
    async (id) => {
      const ike = 'aes128gcm16-prfsha256-x25519-ke1_mlkem768-ke2_mlkem1024';
      await using run = await hosts({ ike, options: { fragment_size: 1400 } });
      const { world, moon, carol } = run;
      world.network.intercept = (packet) => {
        const { exchange, messageId, isResponse } = headerOf(packet);
        const answer = isResponse && exchange === 43 && messageId === id;
        return answer && packet.data.length > 576 ? undefined : packet;
      };
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      await world.settle(() => carol.established.length === 1);
      expect(moon.lines.join('\n')).toContain('smaller fragments');
      expect(carol.lines.filter((line) => line.includes('is initiating an IKE_SA'))).toHaveLength(
        1,
      );
      expectTraffic(moon, carol);
    },
  );

  test('both sides begin at once: one IKE_SA stays', async () => {
    await using run = await hosts({ ike: HYBRID });
    const { world, moon, carol } = run;
    const both = await world.during(Promise.all([moon.initiate('net'), carol.initiate('net')]));
    expect(both).toEqual([{ ok: true }, { ok: true }]);
    await world.pass(60_000);
    expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
    expectTraffic(moon, carol);
  });

  test('a peer that falls silent in between leaves nothing', async () => {
    await using run = await hosts({ ike: HYBRID, options: { retransmit_tries: 1 } });
    const { world, moon, carol } = run;
    world.network.intercept = (packet) =>
      packet.from === 'moon' && headerOf(packet).exchange === ExchangeType.IKE_AUTH
        ? undefined
        : packet;
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('not responding to IKE_AUTH'),
    });
    await world.settle(() => carol.sas.length === 0);
    expect(carol.daemon.manager.guard.halfOpen).toBe(0);
  });

  test('the error says in which exchange the peer fell silent', async () => {
    await using run = await hosts({ ike: HYBRID, options: { retransmit_tries: 1 } });
    run.world.network.intercept = (packet) =>
      headerOf(packet).exchange === ExchangeType.IKE_INTERMEDIATE ? undefined : packet;
    expect(await run.world.during(run.moon.initiate('net'))).toMatchObject({
      errmsg: expect.stringContaining('not responding to IKE_INTERMEDIATE'),
    });
  });
});

describe('IntAuth, RFC 9242 section 3.3.2', () => {
  // Who breaks the first key exchange can change what follows, but not unnoticed.
  test.each(['request', 'response'] as const)(
    'a notify added to the %s by somebody who knows the keys ends in AUTHENTICATION_FAILED',
    async (which) => {
      await using run = await hosts({ ike: HYBRID, connection: { fragmentation: 'no' } });
      const { world, moon, carol } = run;
      const [sender, receiver] = which === 'request' ? [moon, carol] : [carol, moon];
      world.network.intercept = (packet) => {
        if (packet.from !== sender.name || headerOf(packet).exchange !== 43) return packet;
        return rewritten(packet, sender, receiver, (payloads) => [
          ...payloads,
          notify(40_999, Uint8Array.of(1)),
        ]);
      };
      expect(await world.during(moon.initiate('net'))).toMatchObject({
        ok: false,
        errmsg: expect.stringContaining('AUTHENTICATION_FAILED'),
      });
      await world.settle(() => moon.sas.length + carol.sas.length === 0);
      expect(carol.lines.join('\n')).toContain('MAC mismatched');
      expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
    },
  );

  const ke = (method: number, octets: number): Payload => ({
    kind: 'KE',
    method,
    data: new Uint8Array(octets),
  });

  test.each<[string, readonly Payload[], RegExp]>([
    ['nothing', [], /IKE_INTERMEDIATE response lacks the KE payload of ML_KEM_768/],
    ['another method', [ke(31, 32)], /lacks the KE payload of ML_KEM_768/],
    [
      'a short value',
      [ke(36, 1087)],
      /unusable ML_KEM_768 value: ML-KEM-768 ciphertext has 1087 octets, not 1088/,
    ],
    [
      'an error',
      [notify(NotifyType.INVALID_SYNTAX)],
      /received INVALID_SYNTAX notify error in IKE_INTERMEDIATE/,
    ],
  ])('a responder that answers IKE_INTERMEDIATE with %s is given up', async (_, answer, errmsg) => {
    await using run = await hosts({ ike: HYBRID, connection: { fragmentation: 'no' } });
    const { world, moon, carol } = run;
    world.network.intercept = (packet) =>
      packet.from === 'carol' && headerOf(packet).exchange === 43
        ? rewritten(packet, carol, moon, () => answer)
        : packet;
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringMatching(errmsg),
    });
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
    expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
  });

  test('a ciphertext made for nobody leaves both with other keys: nothing more is understood', async () => {
    await using run = await hosts({
      ike: HYBRID,
      connection: { fragmentation: 'no' },
      options: { retransmit_tries: 1 },
    });
    const { world, moon, carol } = run;
    world.network.intercept = (packet) =>
      packet.from === 'carol' && headerOf(packet).exchange === 43
        ? rewritten(packet, carol, moon, () => [ke(36, 1088)])
        : packet;
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('not responding to IKE_AUTH'),
    });
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
  });

  test('a peer that selects an additional exchange without announcing IKE_INTERMEDIATE is refused', async () => {
    await using run = await hosts({ ike: HYBRID });
    const { world, moon } = run;
    world.network.intercept = (packet) =>
      packet.from === 'carol'
        ? {
            ...packet,
            data: changed(packet.data, (message) => ({
              ...message,
              payloads: message.payloads.filter(
                (payload) =>
                  payload.kind !== 'Notify' ||
                  payload.type !== NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED,
              ),
            })),
          }
        : packet;
    expect(await world.during(moon.initiate('net'))).toMatchObject({
      ok: false,
      errmsg: expect.stringContaining('does not support IKE_INTERMEDIATE'),
    });
  });

  test('one that announces it unasked, as Cisco does, is taken as if it had not', async () => {
    await using run = await hosts({ ike: CLASSIC });
    const { world, moon } = run;
    world.network.intercept = (packet) =>
      packet.from === 'carol' && headerOf(packet).exchange === 34
        ? {
            ...packet,
            data: changed(packet.data, (message) => ({
              ...message,
              payloads: [...message.payloads, notify(NotifyType.INTERMEDIATE_EXCHANGE_SUPPORTED)],
            })),
          }
        : packet;
    await world.during(moon.initiate('net'));
    expect(run.requests.slice(0, 2)).toEqual(['IKE_SA_INIT 0', 'IKE_AUTH 1']);
  });
});

/** Decrypts with the receiver's keys, changes the payloads, and encrypts with the sender's. */
function rewritten(
  packet: SimPacket,
  sender: WorldHost,
  receiver: WorldHost,
  change: (payloads: readonly Payload[]) => readonly Payload[],
): SimPacket {
  const [from, to] = [sender, receiver].map(
    (host) => [...host.daemon.manager.tables.byId.values()][0],
  );
  const at = markerOf(packet);
  const octets = packet.data.subarray(at);
  const message = parseMessage(octets, parseHeader(octets), to?.engine.inbound);
  const payloads = change(message.payloads);
  const forged = encodeMessage({ ...message, payloads }, from?.engine.outbound);
  const data = new Uint8Array(at + forged.length);
  data.set(forged, at);
  return { ...packet, data };
}

function changed(octets: Uint8Array, change: (message: Message) => Message): Uint8Array {
  return encodeMessage(change(parseMessage(octets, parseHeader(octets), undefined)), undefined);
}

test('the method numbers of this file are those of the registry', () => {
  expect([KeMethod.ML_KEM_768, ExchangeType.IKE_INTERMEDIATE]).toEqual([36, 43]);
});
