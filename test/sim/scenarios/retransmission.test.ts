import { expect, test } from 'vitest';
import { pair } from '../pair.ts';
import type { PacketRecord } from '../sim-network.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Virtual seconds at which a host sent, to a tenth. */
function sendTimes(records: readonly PacketRecord[], from: string): number[] {
  return records
    .filter(({ packet }) => packet.from === from)
    .map(({ at }) => Math.round(at / 100) / 10);
}

test('an unanswered IKE_SA_INIT is sent six times and given up after 165.1 s', async () => {
  await using world = new World();
  const [moon] = await pair(world);
  const records: PacketRecord[] = [];
  world.network.onPacket((record) => records.push(record));
  world.network.intercept = () => undefined;
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome.ok).toBe(false);
  expect(sendTimes(records, 'moon')).toEqual([0, 4, 11.2, 24.2, 47.5, 89.5]);
  expect(world.clock.now() / 1000).toBeCloseTo(165.1, 1);
  expect(new Set(records.map(({ packet }) => packet.data.join())).size).toBe(1);
  expect(moon.lines).toContain('retransmit 5 of request with message ID 0');
  expect(moon.lines).toContain('giving up after 5 retransmits');
  expect(moon.sas).toEqual([]);
});

test('keyingtries repeats the whole sequence under a new SPI', async () => {
  await using world = new World();
  const [moon] = await pair(world, { connection: { keyingTries: 3 } });
  const records: PacketRecord[] = [];
  world.network.onPacket((record) => records.push(record));
  world.network.intercept = () => undefined;
  const outcome = await world.during(moon.initiate('net'));
  expect(outcome.ok).toBe(false);
  expect(records).toHaveLength(18);
  const spis = new Set(records.map(({ packet }) => packet.data.subarray(0, 8).join()));
  expect(spis.size).toBe(3);
  expect(moon.lines.join('\n')).toContain('peer not responding, trying again (2/3)');
  expect(moon.lines.join('\n')).toContain('peer not responding, trying again (3/3)');
  expect(world.clock.now() / 1000).toBeCloseTo(3 * 165.1, 0);
});

test.each([
  ['retransmit_tries', { retransmit_tries: 2 }, [0, 4, 11.2]],
  ['retransmit_timeout', { retransmit_timeout: 1, retransmit_tries: 2 }, [0, 1, 2.8]],
  ['retransmit_base', { retransmit_base: 1, retransmit_tries: 3 }, [0, 4, 8, 12]],
  ['retransmit_limit', { retransmit_limit: 10, retransmit_tries: 4 }, [0, 4, 11.2, 21.2, 31.2]],
])('%s changes the times', async (_option, options, expected) => {
  await using world = new World();
  const [moon] = await pair(world, { moonOptions: options });
  const records: PacketRecord[] = [];
  world.network.onPacket((record) => records.push(record));
  world.network.intercept = () => undefined;
  await world.during(moon.initiate('net'));
  expect(sendTimes(records, 'moon')).toEqual(expected);
});

test('retransmit_jitter shortens every wait by at most its share', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonOptions: { retransmit_jitter: 20 } });
  const records: PacketRecord[] = [];
  world.network.onPacket((record) => records.push(record));
  world.network.intercept = () => undefined;
  await world.during(moon.initiate('net'));
  const times = records.map(({ at }) => at / 1000);
  const full = [4, 7.2, 12.96, 23.328, 41.99];
  full.forEach((wait, i) => {
    const waited = (times[i + 1] ?? 0) - (times[i] ?? 0);
    expect(waited).toBeLessThanOrEqual(wait + 0.01);
    expect(waited).toBeGreaterThanOrEqual(wait * 0.8 - 0.01);
  });
});

test('a lost response is sent again byte for byte and the request is processed once', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  const responses: string[] = [];
  const dropped = new Set<string>();
  world.network.intercept = (packet) => {
    if (packet.from !== 'carol') return packet;
    responses.push(packet.data.join());
    const first = !dropped.has(packet.data.join());
    dropped.add(packet.data.join());
    return first ? undefined : packet;
  };
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(responses).toHaveLength(4);
  expect(new Set(responses).size).toBe(2);
  expect(carol.lines.filter((line) => line.includes('retransmitting response'))).toHaveLength(2);
  expect(carol.children).toHaveLength(1);
  expect(carol.kernel.sas.size).toBe(2);
});

test('30 % loss hardly ever keeps two hosts apart for 165 s', async () => {
  const tries = 200;
  let connected = 0;
  for (let seed = 1; seed <= tries; seed++) {
    await using world = new World({ seed, link: { loss: 0.3 }, printOnFailure: false });
    const [moon] = await pair(world);
    const { ok } = await world.during(moon.initiate('net'));
    if (ok && world.clock.now() < 165_000) connected += 1;
    world.network.link = { ...world.network.link, loss: 0 };
  }
  // An IKE_AUTH that is lost for longer than half_open_timeout (three times running) fails for good.
  expect(connected / tries).toBeGreaterThan(0.95);
});

test('10 % duplicates and 10 % disorder fail none of ten thousand exchanges', async () => {
  const link = { duplicate: 0.1, reorder: 0.1 };
  await using world = new World({ seed: 3, light: true, link });
  const [moon, carol] = await pair(world);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  let answered = 0;
  let givenUp = 0;
  for (const host of [moon, carol]) {
    host.observer = {
      answered: () => answered++,
      retransmitted: () => undefined,
      givenUp: () => givenUp++,
    };
  }
  const ask = (host: WorldHost, what: 'child' | 'ike'): void => {
    for (const sa of host.daemon.manager.tables.byId.values()) {
      if (what === 'ike') sa.rekeyIke();
      else for (const child of sa.children.values()) sa.rekeyChild(child);
    }
  };
  for (let round = 0; answered < 10_000; round++) {
    ask(round % 2 === 0 ? moon : carol, round % 5 === 0 ? 'ike' : 'child');
    await world.pass(400);
    expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  }
  await world.pass(20_000);
  expect(givenUp).toBe(0);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  const failures = /failed|unable|internal error|giving up|integrity/;
  for (const host of [moon, carol]) {
    expect(host.lines.filter((line) => failures.test(line))).toEqual([]);
  }
}, 120_000);

test('a half-open IKE_SA is dropped after half_open_timeout with an alert', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  world.network.intercept = (packet) => (packet.data[18] === 34 ? packet : undefined);
  const initiating = moon.initiate('net');
  await world.settle(() => carol.sas.length === 1);
  const since = world.clock.now();
  await world.settle(() => carol.sas.length === 0);
  expect((world.clock.now() - since) / 1000).toBeCloseTo(30, 0);
  expect(carol.alerts('half-open-timeout')).toBe(1);
  expect(carol.daemon.manager.guard.halfOpen).toBe(0);
  await world.during(initiating);
});
