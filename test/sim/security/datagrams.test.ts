import { expect, test } from 'vitest';
import { notify } from '../../../daemon/ike/payloads.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { NotifyType } from '../../../daemon/proto/iana/notify-types.ts';
import type { IkeSpi } from '../../../daemon/proto/ike-spi.ts';
import { concatBytes } from '../../../daemon/util/bytes.ts';
import { ip } from '../../support/selectors.ts';
import { places } from '../pair.ts';
import type { Puppet } from '../puppet.ts';
import { notifiesIn } from '../puppet.ts';
import { siege } from '../siege.ts';

function toPort(puppet: Puppet, port: number): Puppet {
  puppet.local = { ...puppet.local, port };
  puppet.remote = { ...puppet.remote, port };
  return puppet;
}

/** An IKE_SA_INIT request of the attacker with one 32-bit length field changed. */
function withLength(octets: Uint8Array, length: number): Uint8Array {
  const changed = Uint8Array.from(octets);
  new DataView(changed.buffer).setUint32(24, length);
  return changed;
}

test('SEC-01: datagrams shorter than a header, and headers that lie about their length, are dropped', async () => {
  await using attack = await siege();
  const { world, gateway } = attack;
  for (const port of [500, 4500]) {
    const puppet = toPort(attack.puppet(), port);
    for (let length = 0; length <= 28; length++) {
      for (const marker of [new Uint8Array(), new Uint8Array(4)]) {
        const octets = concatBytes(marker, world.random.bytes(length));
        const answers = await puppet.raw(octets);
        expect(answers.filter((answer) => answer.length > 28 + 4 + 8)).toEqual([]);
      }
    }
  }
  const puppet = attack.puppet();
  const whole = puppet.encode(ExchangeType.IKE_SA_INIT, [notify(NotifyType.COOKIE)], {}, true);
  for (const length of [0, 1, 27, 28, whole.length - 1, whole.length + 1, 0xffffffff]) {
    expect(await puppet.raw(withLength(whole, length))).toEqual([]);
  }
  expect(gateway.sas).toEqual([]);
  expect(gateway.daemon.manager.drops.malformed).toBeGreaterThan(50);
  await attack.expectAlive();
});

test('SEC-04: IKEv1 and future versions are refused or dropped, IKEv1 numbers mean nothing', async () => {
  await using attack = await siege();
  const { gateway } = attack;
  const puppet = attack.puppet();
  const request = puppet.encode(ExchangeType.IKE_SA_INIT, [], {}, true);
  for (let version = 0; version <= 255; version++) {
    if (version >> 4 === 2) continue;
    const octets = Uint8Array.from(request);
    octets[17] = version;
    for (const exchange of [2, 4, 5, 32, 33, 34, 35]) {
      octets[18] = exchange;
      const answers = await puppet.raw(octets);
      for (const answer of answers) {
        // RFC 7296 section 2.5: unprotected, our version, and never for an older one.
        expect(version >> 4).toBeGreaterThan(2);
        expect(answer[17]).toBe(0x20);
        expect(
          notifiesIn(puppet.decode(Uint8Array.from(answer, (octet, i) => (i === 18 ? 34 : octet)))),
        ).toEqual([NotifyType.INVALID_MAJOR_VERSION]);
      }
    }
  }
  for (let type = 1; type <= 20; type++) {
    const octets = puppet.encode(
      ExchangeType.IKE_SA_INIT,
      [{ kind: 'Unknown', type, critical: false, data: new Uint8Array(8) }],
      {},
      true,
    );
    expect(await puppet.raw(octets)).toEqual([]);
  }
  expect(gateway.established).toEqual([]);
  await attack.expectAlive();
});

test('SEC-15: whatever comes in the clear right after IKE_SA_INIT is dropped without a reply', async () => {
  await using attack = await siege();
  const { gateway } = attack;
  const puppet = attack.puppet();
  await puppet.init();
  for (let exchange = 0; exchange <= 255; exchange++) {
    if (exchange === ExchangeType.IKE_SA_INIT) continue;
    for (const payloads of [
      [],
      [notify(NotifyType.AUTHENTICATION_FAILED)],
      [{ kind: 'Delete', protocol: 1, spiSize: 0, spis: [] } as const],
    ]) {
      for (const isResponse of [false, true]) {
        const octets = puppet.encode(exchange, payloads, { isResponse }, true);
        expect(await puppet.raw(octets), `exchange ${exchange}`).toEqual([]);
      }
    }
    if (gateway.sas.length === 0) await puppet.init();
  }
  await attack.expectAlive();
});

test('SEC-15: errors that concern no IKE_SA at all are not answered', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  puppet.spiR = 0x1234n as IkeSpi;
  for (const exchange of [35, 36, 37, 38, 43, 44, 255]) {
    expect(await puppet.raw(puppet.encode(exchange, [], {}, true))).toEqual([]);
  }
  expect(attack.gateway.daemon.manager.drops.unknownSpi).toBe(7);
  await attack.expectAlive();
});

test('SEC-36: our own messages sent back to us change nothing', async () => {
  await using attack = await siege();
  const { world, client } = attack;
  const seen = new Set<string>();
  world.network.intercept = (packet) => {
    if (packet.from !== 'moon' || seen.has(packet.data.join())) return packet;
    seen.add(packet.data.join());
    const marker = packet.destination.port === 4500 ? 4 : 0;
    const back = { ...packet, to: 'moon', source: packet.destination, destination: packet.source };
    const flags = [0, 0x08, 0x20, 0x28].map((change) => {
      const data = Uint8Array.from(packet.data);
      data[marker + 19] = (data[marker + 19] ?? 0) ^ change;
      return { ...back, data };
    });
    const ownSpi = Uint8Array.from(packet.data);
    ownSpi.set(ownSpi.subarray(marker, marker + 8), marker + 8);
    const twice = flags.map((one) => {
      const data = Uint8Array.from(one.data);
      data.set(data.subarray(marker, marker + 8), marker + 8);
      return { ...one, data };
    });
    return [...flags, ...twice, packet];
  };
  expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  world.network.intercept = undefined;
  expect(client.established).toHaveLength(1);
  expect(client.sas).toHaveLength(1);
  expect(client.established[0]?.remoteId).toBe('carol.example.org');
  await attack.expectAlive();
});

test('SEC-38: replayed and forged messages from elsewhere move no endpoint', async () => {
  await using attack = await siege({ connection: { mobike: false } });
  const { world, client, gateway } = attack;
  world.network.nat(ip('203.0.113.1'), 'moon');
  const requests: Uint8Array[] = [];
  world.network.onPacket(({ packet }) => {
    if (packet.from === 'moon') requests.push(packet.data);
  });
  await world.during(client.initiate('net'));
  await world.during(client.terminate({ child: 'net' }));
  const before = gateway.sas[0];
  expect(before?.natRemote).toBe(true);
  for (const octets of requests) {
    for (const flip of [undefined, octets.length - 1, 30]) {
      const data = Uint8Array.from(octets);
      if (flip !== undefined) data[flip] = (data[flip] ?? 0) ^ 1;
      world.network.inject(
        { address: ip('203.0.113.66'), port: 4500 },
        { address: ip(places.carol.address), port: 4500 },
        data,
      );
      await world.pass(100);
    }
  }
  expect(gateway.sas.filter((sa) => sa.state === 'ESTABLISHED')).toHaveLength(1);
  expect(gateway.sas[0]?.remoteHost).toBe(before?.remoteHost);
  expect(gateway.sas[0]?.remotePort).toBe(before?.remotePort);
  await attack.expectAlive();
});

test('SEC-67: no message with a single flipped bit is believed or answered', async () => {
  await using attack = await siege({ connection: { mobike: false } });
  const { world, client, gateway } = attack;
  const flipped = new Set<string>();
  const kinds = new Map<string, number>();
  let answersInClear = 0;
  world.network.intercept = (packet) => {
    const exchange = packet.data[18] ?? 0;
    if (exchange === ExchangeType.IKE_SA_INIT) return packet;
    const key = packet.data.join();
    const version =
      packet.data[16] === 41 && notifyOf(packet.data) === NotifyType.INVALID_MAJOR_VERSION;
    if (version) {
      answersInClear += 1;
      return undefined;
    }
    const kind = `${packet.from} ${exchange} ${(packet.data[19] ?? 0) & 0x20 ? 'response' : 'request'}`;
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (flipped.has(key)) return packet;
    flipped.add(key);
    const copies = [];
    for (let bit = 0; bit < packet.data.length * 8; bit++) {
      const data = Uint8Array.from(packet.data);
      data[bit >> 3] = (data[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      copies.push({ ...packet, data });
    }
    return [...copies, packet];
  };
  expect(await world.during(client.initiate('net'))).toEqual({ ok: true });
  const before = client.children.map(({ installed }) => installed?.spiIn);
  for (const sa of client.daemon.manager.tables.byId.values()) {
    for (const child of sa.children.values()) sa.rekeyChild(child);
  }
  // What was replaced is received for some seconds more.
  await world.pass(10_000);
  expect(client.children.map(({ installed }) => installed?.spiIn)).not.toEqual(before);
  expect(await world.during(client.terminate({ child: 'net' }))).toMatchObject({ ok: true });
  expect([client.established.length, gateway.established.length]).toEqual([1, 1]);
  expect(await world.during(gateway.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  await world.settle(() => client.sas.length + gateway.sas.length === 0);
  world.network.intercept = undefined;
  // Each message was sent once: nothing was retransmitted and nothing but the genuine one was answered.
  expect(Object.fromEntries(kinds)).toEqual({
    'moon 35 request': 1,
    'carol 35 response': 1,
    'moon 36 request': 1,
    'carol 36 response': 1,
    'moon 37 request': 2,
    'carol 37 response': 2,
    'carol 37 request': 1,
    'moon 37 response': 1,
  });
  // Three flips of the version make a future one, to which RFC 7296 section 2.5 has an answer for requests.
  expect(answersInClear).toBeLessThanOrEqual(3 * 10);
  await attack.expectAlive();
});

test('SEC-68: old and future message ids and responses to nothing are dropped', async () => {
  await using attack = await siege();
  const puppet = attack.puppet();
  await puppet.init();
  await puppet.auth();
  expect(attack.gateway.established).toHaveLength(1);
  const dpd = puppet.encode(ExchangeType.INFORMATIONAL, []);
  expect(await puppet.raw(dpd)).toHaveLength(1);
  for (const messageId of [0, 1, 4, 5, 1000, 0x7fffffff, 0xffffffff]) {
    const octets = puppet.encode(ExchangeType.INFORMATIONAL, [], { messageId });
    expect(await puppet.raw(octets), `id ${messageId}`).toEqual([]);
  }
  for (const messageId of [0, 1, 2, 3]) {
    const octets = puppet.encode(ExchangeType.INFORMATIONAL, [], { messageId, isResponse: true });
    expect(await puppet.raw(octets)).toEqual([]);
  }
  const [first] = await puppet.raw(dpd);
  const [second] = await puppet.raw(dpd);
  expect(first).toEqual(second);
  const changed = puppet.encode(ExchangeType.INFORMATIONAL, [notify(40000)]);
  expect(await puppet.raw(changed)).toEqual([]);
  puppet.messageId = 3;
  expect(await puppet.raw(puppet.encode(ExchangeType.INFORMATIONAL, []))).toHaveLength(1);
  await attack.expectAlive();
});

function notifyOf(octets: Uint8Array): number {
  return ((octets[34] ?? 0) << 8) | (octets[35] ?? 0);
}

test('an IKE_SA_INIT with a marker on port 500, or without one on port 4500, makes nothing', async () => {
  await using attack = await siege();
  for (const [port, marker] of [
    [500, true],
    [4500, false],
  ] as const) {
    const puppet = attack.puppet();
    let answers = 0;
    attack.world.network.onPacket(({ packet }) => {
      if (packet.from === attack.gateway.name) answers += 1;
    });
    puppet.local = { ...puppet.local, port };
    puppet.remote = { ...puppet.remote, port };
    attack.world.network.intercept = (packet) => {
      if (!packet.from.startsWith('puppet')) return packet;
      const data = marker ? concatBytes(new Uint8Array(4), packet.data) : packet.data;
      return { ...packet, data };
    };
    expect(await puppet.init()).toBeUndefined();
    attack.world.network.intercept = undefined;
    expect(answers).toBe(0);
    expect(attack.gateway.sas).toEqual([]);
  }
  await attack.expectAlive();
});
