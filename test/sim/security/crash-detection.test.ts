import { expect, test } from 'vitest';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { encodeMessage, parseMessage } from '../../../daemon/wire/message.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import type { SimPacket } from '../sim-network.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const again = { trap: false, start: true };
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const watchful: PairSetup = { moonConnection: { dpdDelay: 10 }, moonChild: { dpdAction: again } };

async function tunnel(world: World, setup = watchful): Promise<readonly [WorldHost, WorldHost]> {
  world.crashDetection = true;
  const [moon, carol] = await pair(world, setup);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  return [moon, carol];
}

async function restart(world: World, host: WorldHost): Promise<void> {
  host.kill();
  host.reborn();
  await host.start();
  host.secret('a secret that nobody guesses');
  for (const config of world.configs.get(host) ?? []) await host.load(config);
}

/** An unprotected answer from carol to the message of moon. */
function answerTo(
  packet: SimPacket,
  token: Uint8Array,
  error: number = NotifyType.INVALID_IKE_SPI,
): Uint8Array {
  const header = parseHeader(packet.data.subarray(packet.source.port === 500 ? 0 : 4));
  const empty = new Uint8Array(0);
  const octets = encodeMessage(
    {
      spiI: header.spiI,
      spiR: header.spiR,
      exchange: header.exchange,
      isResponse: true,
      fromInitiator: !header.fromInitiator,
      messageId: header.messageId,
      payloads: [
        { kind: 'Notify', protocol: 0, spi: empty, type: error, data: empty },
        {
          kind: 'Notify',
          protocol: 1,
          spi: empty,
          type: NotifyType.QUICK_CRASH_DETECTION,
          data: token,
        },
      ],
    },
    undefined,
  );
  return Uint8Array.of(0, 0, 0, 0, ...octets);
}

function tokenIn(packet: SimPacket): Uint8Array | undefined {
  const octets = packet.data.subarray(4);
  const header = parseHeader(octets);
  if (header.nextPayload !== 41) return undefined;
  for (const payload of parseMessage(octets, header, undefined).payloads) {
    if (payload.kind === 'Notify' && payload.type === NotifyType.QUICK_CRASH_DETECTION)
      return payload.data;
  }
  return undefined;
}

test('RFC 6290: a peer that restarted proves it, and the tunnel is back within seconds', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  await restart(world, carol);
  const since = world.clock.now();
  await world.settle(() => carol.children.length === 1 && moon.children.length === 1);
  expect(world.clock.now() - since).toBeLessThan(21_000);
  expect(moon.lines.join('\n')).toContain('peer proved that it has lost IKE_SA gw[1]');
  expect(moon.sas).toHaveLength(1);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(moon.lines.filter((line) => line.startsWith('restarting CHILD_SA'))).toHaveLength(1);
});

test('RFC 6290: the initiator is a token maker too', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { carolConnection: { dpdDelay: 10 } });
  await restart(world, moon);
  await world.settle(() => carol.sas.length === 0, 21_000);
  expect(carol.kernel.empty).toBe(true);
  expect(carol.lines.filter((line) => line.includes('sending DELETE'))).toEqual([]);
});

test('RFC 6290 section 4.3: an IKE_SA that was rekeyed has a new token on both sides', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const [before] = [...moon.daemon.manager.tables.byId.values()].map((sa) => sa.peerCrashToken);
  for (const sa of moon.daemon.manager.tables.byId.values()) sa.rekeyIke();
  await world.pass(5000);
  const tokens = [moon, carol].map(
    (host) => [...host.daemon.manager.tables.byId.values()].at(-1)?.peerCrashToken,
  );
  expect(moon.sas.at(-1)?.uniqueId).not.toBe(1);
  for (const token of tokens) expect(token).toHaveLength(32);
  expect(tokens[0]).not.toEqual(before);
  await restart(world, carol);
  await world.settle(() => carol.children.length === 1 && moon.children.length === 1, 25_000);
});

test('without a secret that outlived the daemon nothing is proven, and time has to tell', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, watchful);
  await world.during(moon.initiate('net'));
  expect(world.ladder()).not.toContain('CRASH_DET');
  await restart(world, carol);
  await world.pass(60_000);
  expect(moon.lines.join('\n')).not.toContain('peer proved');
  expect(moon.sas).toHaveLength(1);
});

test.each([
  ['none of its octets', (_token: Uint8Array) => new Uint8Array(32)],
  ['a bit flipped', (token: Uint8Array) => token.map((octet, i) => (i === 31 ? octet ^ 1 : octet))],
  ['an octet missing', (token: Uint8Array) => token.subarray(0, 31)],
  ['nothing', (_token: Uint8Array) => new Uint8Array(0)],
])('rejects a token with %s', async (_name, forge) => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const [sa] = moon.daemon.manager.tables.byId.values();
  const token = sa?.peerCrashToken;
  if (token === undefined) throw new TypeError('moon got no token');
  let forged = 0;
  world.network.intercept = (packet) => {
    if (packet.from !== 'moon') return packet;
    forged += 1;
    world.network.inject(packet.destination, packet.source, answerTo(packet, forge(token)));
    return packet;
  };
  await world.pass(15_000);
  expect(forged).toBeGreaterThan(0);
  expect(moon.sas).toHaveLength(1);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('the right token counts with INVALID_IKE_SPI and as the answer to our request, not otherwise', async () => {
  await using world = new World();
  const [moon] = await tunnel(world);
  const [sa] = moon.daemon.manager.tables.byId.values();
  const token = sa?.peerCrashToken;
  if (token === undefined) throw new TypeError('moon got no token');
  let last: SimPacket | undefined;
  world.network.intercept = (packet) => {
    if (packet.from !== 'moon') return packet;
    last = packet;
    world.network.inject(
      packet.destination,
      packet.source,
      answerTo(packet, token, NotifyType.INVALID_SYNTAX),
    );
    return packet;
  };
  await world.pass(15_000);
  expect(moon.sas).toHaveLength(1);
  world.network.intercept = undefined;
  if (last === undefined) throw new TypeError('moon said nothing');
  // The DPD was answered: nothing is open any more.
  world.network.inject(last.destination, last.source, answerTo(last, token));
  await world.pass(1000);
  expect(moon.established).toHaveLength(1);
});

test('SEC-36 nobody learns the token of an IKE_SA that lives, whatever flags and SPIs he writes', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const [sa] = carol.daemon.manager.tables.byId.values();
  if (sa === undefined) throw new TypeError('no IKE_SA');
  const learnt: Uint8Array[] = [];
  world.network.onPacket(({ packet }) => {
    const token = packet.from === 'carol' ? tokenIn(packet) : undefined;
    if (token !== undefined) learnt.push(token);
  });
  const ask = (spiI: IkeSpi, spiR: IkeSpi, fromInitiator: boolean, exchange: number): void => {
    const octets = new Uint8Array(4 + 28 + 60);
    const view = new DataView(octets.buffer);
    view.setBigUint64(4, spiI);
    view.setBigUint64(12, spiR);
    octets.set([46, 0x20, exchange, fromInitiator ? 0x08 : 0], 20);
    view.setUint32(28, 28 + 60);
    view.setUint16(34, 60);
    world.network.inject(
      { address: ip('198.51.100.66'), port: 4500 },
      { address: ip(places.carol.address), port: 4500 },
      octets,
    );
  };
  for (const exchange of [
    ExchangeType.IKE_AUTH,
    ExchangeType.CREATE_CHILD_SA,
    ExchangeType.INFORMATIONAL,
  ]) {
    for (const fromInitiator of [true, false]) {
      ask(sa.spiI, sa.spiR, fromInitiator, exchange);
      ask(sa.spiR, sa.spiI, fromInitiator, exchange);
      ask(sa.spiI, 77n as IkeSpi, fromInitiator, exchange);
    }
  }
  await world.pass(1000);
  const real = moon.daemon.manager.tables.byId.values().next().value?.peerCrashToken;
  expect(real).toHaveLength(32);
  // SPIs of nothing that lives are answered
  expect(learnt.length).toBeGreaterThan(0);
  for (const token of learnt) expect(token).not.toEqual(real);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('answers to strangers are few: fifty a second', async () => {
  await using world = new World();
  const [, carol] = await tunnel(world);
  let answers = 0;
  world.network.onPacket(({ packet }) => {
    if (packet.from === 'carol' && tokenIn(packet) !== undefined) answers += 1;
  });
  for (let i = 0; i < 500; i++) {
    const octets = new Uint8Array(4 + 28 + 40);
    const view = new DataView(octets.buffer);
    view.setBigUint64(4, BigInt(i + 1));
    view.setBigUint64(12, BigInt(i + 1));
    octets.set([46, 0x20, 37, 0x08], 20);
    view.setUint32(28, 28 + 40);
    world.network.inject(
      { address: ip('198.51.100.66'), port: 4500 },
      { address: ip(places.carol.address), port: 4500 },
      octets,
    );
  }
  await world.pass(500);
  expect(answers).toBe(50);
  expect(carol.established).toHaveLength(1);
});
