import { expect, test } from 'vitest';
import { ts } from '../../support/selectors.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Children with so many networks that IKE_AUTH takes 1700 octets in each direction. */
const large: PairSetup = { moonChild: networks(1, 2), carolChild: networks(2, 1) };

function networks(own: number, other: number) {
  const list = (net: number) =>
    Array.from({ length: 50 }, (_, at) => ({
      kind: 'fixed' as const,
      selector: ts(`10.${net}.${at}.0/24`),
    }));
  return { localTs: list(own), remoteTs: list(other) };
}

/** Sizes of the IP datagrams of each host, in order. */
function sizes(world: World): Record<string, number[]> {
  const seen: Record<string, number[]> = { moon: [], carol: [] };
  world.network.onPacket(({ packet }) => seen[packet.from]?.push(packet.data.length + 28));
  return seen;
}

function triesSmaller({ lines }: WorldHost): boolean {
  return lines.some((line) => line.includes('smaller fragments'));
}

test('where large datagrams vanish, IKE_AUTH gets through in 576 octets, both ways', async () => {
  await using world = new World({ link: { mtu: 600 } });
  const seen = sizes(world);
  const [moon, carol] = await pair(world, large);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  // Two retransmissions, the second in small fragments: 4 s and 7.2 s.
  expect(world.clock.now()).toBeLessThan(12_000);
  expect(triesSmaller(moon)).toBe(true);
  expect(carol.children).toHaveLength(1);
  expect(Math.max(...(seen['carol'] ?? []))).toBeLessThanOrEqual(576);
});

test('an answer that vanishes is given in fragments as small as those of the repeated request', async () => {
  await using world = new World();
  const seen = sizes(world);
  const [moon, carol] = await pair(world, large);
  world.network.intercept = (packet) =>
    packet.from === 'carol' && packet.data.length + 28 > 600 ? undefined : packet;
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(world.clock.now()).toBeLessThan(12_000);
  expect(carol.children).toHaveLength(1);
  const [first, ...later] = (seen['carol'] ?? []).filter((size) => size > 300);
  expect(first).toBeGreaterThan(1000);
  expect(Math.max(...later.slice(-3))).toBeLessThanOrEqual(576);
});

test('what follows is small from the beginning once that has helped', async () => {
  await using world = new World({ link: { mtu: 600 } });
  const [moon] = await pair(world, large);
  await world.during(moon.initiate('net'));
  const seen = sizes(world);
  const [sa] = moon.daemon.manager.tables.byId.values();
  const [child] = sa?.children.values() ?? [];
  const began = world.clock.now();
  if (child !== undefined) sa?.rekeyChild(child);
  await world.settle(() => moon.events.some(({ kind }) => kind === 'child-rekey'));
  expect(world.clock.now() - began).toBeLessThan(100);
  expect(Math.max(...(seen['moon'] ?? []))).toBeLessThanOrEqual(576);
});

test('a peer that is silent for another reason gets the smaller fragments once, the request stays the same', async () => {
  await using world = new World();
  const seen = sizes(world);
  const [moon] = await pair(world, large);
  let requests = 0;
  world.network.intercept = (packet) => {
    if (packet.from === 'moon') requests += 1;
    return requests > 1 ? undefined : packet;
  };
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  const lines = moon.lines.filter((line) => line.includes('smaller fragments'));
  expect(lines).toHaveLength(1);
  expect(Math.max(...(seen['moon'] ?? []).slice(-12))).toBeLessThanOrEqual(576);
});

test('a short request is never split, however often it is repeated', async () => {
  await using world = new World({ link: { mtu: 200 } });
  const [moon] = await pair(world);
  expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
  expect(triesSmaller(moon)).toBe(false);
});

test('a forged first fragment of an answered request brings no answer', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, large);
  const fragments: { data: Uint8Array; ends: Parameters<typeof world.network.inject> }[] = [];
  world.network.onPacket(({ packet }) => {
    const marker = packet.source.port === 4500 ? 4 : 0;
    if (packet.from !== 'moon' || packet.data[marker + 16] !== 53) return;
    const { source, destination, data } = packet;
    fragments.push({ data, ends: [source, destination, data] });
  });
  await world.during(moon.initiate('net'));
  const [first] = fragments;
  if (first === undefined) throw new TypeError('nothing was split');
  const before = sizes(world);
  const forged = first.data.slice();
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  world.network.inject(first.ends[0], first.ends[1], forged);
  await world.pass(100);
  expect(before['carol']).toEqual([]);
  expect(carol.established).toHaveLength(1);
});
