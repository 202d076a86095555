import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, kernelEnds, tunnel, updates } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';

const MOON = places.moon.address;
const CAROL = places.carol.address;

test('an initiator that gets another address takes its SAs along, RFC 4555 section 3.5', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const spis = moon.children.map((child) => child.installed?.spiIn);
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  expect(endsOf(moon)).toEqual([`${ELSEWHERE}[4500]`, `${CAROL}[4500]`]);
  expect(endsOf(carol)).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
  for (const host of [moon, carol]) {
    expect(kernelEnds(host)).toEqual([`${CAROL} > ${ELSEWHERE}`, `${ELSEWHERE} > ${CAROL}`].sort());
  }
  expect(moon.children.map((child) => child.installed?.spiIn)).toEqual(spis);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect(updates(moon)).toEqual([`${ELSEWHERE}[4500] ${CAROL}[4500], was ${MOON} ${CAROL}`]);
  expect(updates(carol)).toEqual([`${CAROL}[4500] ${ELSEWHERE}[4500], was ${CAROL} ${MOON}`]);
});

test('what moved is closed without a trace: tables, kernel and journal follow', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  moon.readdress('2001:db8::7', places.moon.inside);
  carol.readdress(CAROL, '2001:db8::2', places.carol.inside);
  await world.pass(5000);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  for (const host of [moon, carol]) {
    expect(host.kernel.empty).toBe(true);
    expect(host.journal.recorded()).toEqual([]);
  }
});

test('the kernel tells of an SA at its new ends: expiry is still acted on', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  for (const { id } of [...carol.kernel.sas.values()]) carol.kernel.expire(id.spi, true);
  await world.settle(() => moon.children.length + carol.children.length === 0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('only an address that proved to receive is sent to: the responder asks with COOKIE2', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const before = kernelEnds(carol).find((ends) => ends.startsWith(CAROL));
  moon.readdress(ELSEWHERE, places.moon.inside);
  let asked = 0;
  world.network.intercept = (packet) => {
    // Requests of the responder do not get through: it cannot check.
    const request = ((packet.data[4 + 19] ?? 0) & 0x20) === 0;
    if (packet.from !== 'carol' || !request) return packet;
    asked++;
    return undefined;
  };
  await world.pass(3000);
  expect(endsOf(carol)).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
  expect(asked).toBeGreaterThan(0);
  expect(kernelEnds(carol)).toContain(before);
  expect(kernelEnds(carol)).toContain(`${ELSEWHERE} > ${CAROL}`);
  world.network.intercept = undefined;
  await world.pass(10_000);
  expect(kernelEnds(carol)).not.toContain(before);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('a responder that gets another address tells it, and the initiator moves the IKE_SA there', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  carol.readdress('192.0.2.22', places.carol.inside);
  await world.pass(5000);
  expect(endsOf(moon)).toEqual([`${MOON}[4500]`, '192.0.2.22[4500]']);
  expect(endsOf(carol)).toEqual(['192.0.2.22[4500]', `${MOON}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect(kernelEnds(carol)).toEqual(kernelEnds(moon));
});

test('both ends move at once: an address announced before is found', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  carol.readdress(CAROL, '192.0.2.22', places.carol.inside);
  await world.pass(1000);
  moon.readdress(ELSEWHERE, places.moon.inside);
  carol.readdress('192.0.2.22', places.carol.inside);
  await world.pass(10_000);
  expect(endsOf(moon)).toEqual([`${ELSEWHERE}[4500]`, '192.0.2.22[4500]']);
  expect(endsOf(carol)).toEqual(['192.0.2.22[4500]', `${ELSEWHERE}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('a path that breaks on the way is left for another one once the peer is silent', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, {
    connection: { dpdDelay: 30 },
    moonOptions: { retransmit_jitter: 0 },
  });
  carol.readdress(CAROL, '192.0.2.22', places.carol.inside);
  await world.pass(1000);
  world.network.intercept = (packet) =>
    [packet.source.address, packet.destination.address].includes(ip(CAROL)) ? undefined : packet;
  await world.pass(60_000);
  expect(endsOf(moon)).toEqual([`${MOON}[4500]`, '192.0.2.22[4500]']);
  expect(endsOf(carol)).toEqual(['192.0.2.22[4500]', `${MOON}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
});

test('without any way to the peer nothing is sent until there is one again', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  moon.readdress();
  await world.pass(1000);
  expect(moon.lines).toContain(`no route found to reach ${CAROL}, MOBIKE update deferred`);
  await world.pass(600_000);
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(1000);
  expect(endsOf(moon)).toEqual([`${ELSEWHERE}[4500]`, `${CAROL}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('an address that goes and comes back leaves the path as it was', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  moon.readdress();
  await world.pass(2000);
  moon.readdress(MOON, places.moon.inside);
  await world.pass(5000);
  expect(endsOf(moon)).toEqual([`${MOON}[4500]`, `${CAROL}[4500]`]);
  expect(updates(moon)).toEqual([]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('probes go out every 2.5 seconds, ten times at most', async () => {
  await using world = new World();
  const [moon] = await tunnel(world);
  const sent: number[] = [];
  moon.readdress(ELSEWHERE, places.moon.inside);
  world.network.intercept = () => {
    sent.push(world.clock.now());
    return undefined;
  };
  await world.settle(() => moon.sas.length === 0);
  // The address inside is tried as well from the second round on.
  const rounds = [...new Set(sent)];
  expect(rounds).toHaveLength(10);
  expect(rounds.slice(1).map((at, i) => at - (rounds[i] ?? 0))).toEqual(Array(9).fill(2500));
  expect(moon.lines).toContain('giving up after 10 path probings');
});

test('the peer learns of addresses that come and go', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  const known = (): unknown =>
    [...carol.daemon.manager.tables.byId.values()][0]?.mobike?.peerAddresses;
  expect(known()).toEqual([places.moon.inside]);
  moon.readdress(MOON, ELSEWHERE, '2001:db8::7');
  await world.pass(1000);
  expect(known()).toEqual([ELSEWHERE, '2001:db8::7']);
  moon.readdress(MOON);
  await world.pass(1000);
  expect(known()).toEqual([]);
  expect(updates(carol)).toEqual([]);
});

test('a move across address families takes the tunnel along', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  carol.readdress(CAROL, '2001:db8::2', places.carol.inside);
  await world.pass(1000);
  moon.readdress('2001:db8::1');
  await world.pass(5000);
  expect(endsOf(moon)).toEqual(['2001:db8::1[4500]', '2001:db8::2[4500]']);
  expect(endsOf(carol)).toEqual(['2001:db8::2[4500]', '2001:db8::1[4500]']);
  expect(kernelEnds(carol)).toEqual(kernelEnds(moon));
  moon.readdress('2001:db8::1', places.moon.inside);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('whoever does not want MOBIKE is left alone', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { carolConnection: { mobike: false } });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(60_000);
  expect(updates(carol)).toEqual([]);
  expect(world.ladder()).not.toContain('UPD_SA_ADDR');
});

test('roaming can be turned off', async () => {
  await using world = new World();
  const options = { 'plugins.kernel-netlink.roam_events': false };
  const [moon] = await tunnel(world, { moonOptions: options });
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(60_000);
  expect(updates(moon)).toEqual([]);
});
