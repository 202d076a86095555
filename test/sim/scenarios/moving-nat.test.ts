import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { BOTH_WAYS, ELSEWHERE, endsOf, flow, kernelEnds, tunnel, updates } from '../moving.ts';
import { places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const CAROL = places.carol.address;
const ONE_NAT = '198.51.100.1';
const OTHER_NAT = '198.51.100.2';

/** Whether all SAs of a host are encapsulated in UDP, all are not, or it differs. */
function encapsulated(host: WorldHost): boolean | undefined {
  const kinds = new Set([...host.kernel.sas.values()].map(({ sa }) => sa?.encap !== undefined));
  return kinds.size === 1 ? [...kinds][0] : undefined;
}

test('a move behind a NAT turns UDP encapsulation on, the move out of it turns it off', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world);
  world.network.nat(ip(ONE_NAT), 'moon');
  moon.readdress('192.168.0.7', places.moon.inside);
  await world.pass(5000);
  expect(endsOf(carol)[1]).toMatch(new RegExp(`^${ONE_NAT}\\[2\\d{4}\\]$`));
  expect([encapsulated(moon), encapsulated(carol)]).toEqual([true, true]);
  expect(moon.sas[0]).toMatchObject({ natLocal: true, natRemote: false });
  expect(carol.sas[0]).toMatchObject({ natLocal: false, natRemote: true });
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  await world.pass(60_000);
  expect(moon.lines.filter((line) => line.startsWith('sending keep alive to'))).not.toEqual([]);
  world.network.outside('moon');
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(5000);
  expect([encapsulated(moon), encapsulated(carol)]).toEqual([false, false]);
  expect(endsOf(carol)).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
  const sent = moon.lines.filter((line) => line.startsWith('sending keep alive to')).length;
  await world.pass(120_000);
  expect(moon.lines.filter((line) => line.startsWith('sending keep alive to'))).toHaveLength(sent);
});

test('forced encapsulation stays on over a move', async () => {
  await using world = new World();
  const [moon, carol] = await tunnel(world, { moonConnection: { encap: true } });
  expect([encapsulated(moon), encapsulated(carol)]).toEqual([true, true]);
  moon.readdress(ELSEWHERE, places.moon.inside);
  await world.pass(5000);
  expect([encapsulated(moon), encapsulated(carol)]).toEqual([true, true]);
  expect(endsOf(carol)).toEqual([`${CAROL}[4500]`, `${ELSEWHERE}[4500]`]);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('both ends are behind a NAT, and the initiator moves behind another one', async () => {
  await using world = new World();
  const public_ = ip('203.0.113.9');
  const nat = world.network.nat(public_, 'carol');
  for (const port of [500, 4500]) nat.forward(port, { address: ip(CAROL), port });
  world.network.nat(ip(ONE_NAT), 'moon');
  const [moon, carol] = await tunnel(world, {
    moonConnection: { remoteAddrs: [{ kind: 'host', text: '203.0.113.9', address: public_ }] },
  });
  expect(moon.sas[0]).toMatchObject({ natLocal: true, natRemote: true });
  world.network.nat(ip(OTHER_NAT), 'moon');
  moon.readdress('192.168.0.7', places.moon.inside);
  await world.pass(5000);
  expect(endsOf(moon)).toEqual(['192.168.0.7[4500]', '203.0.113.9[4500]']);
  expect(endsOf(carol)[1]).toMatch(new RegExp(`^${OTHER_NAT}\\[`));
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('without MOBIKE a peer behind a NAT is followed to another public address', async () => {
  await using world = new World();
  world.network.nat(ip(ONE_NAT), 'moon');
  const [moon, carol] = await tunnel(world, { connection: { mobike: false, dpdDelay: 30 } });
  const before = endsOf(carol)[1];
  world.network.nat(ip(OTHER_NAT), 'moon');
  await world.pass(120_000);
  expect(endsOf(carol)[1]).toMatch(new RegExp(`^${OTHER_NAT}\\[`));
  expect(updates(carol)).toHaveLength(1);
  expect(kernelEnds(carol).some((ends) => ends.includes(before))).toBe(false);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('with MOBIKE a rebound NAT is found by the liveness check, RFC 4555 section 3.8', async () => {
  await using world = new World();
  const nat = world.network.nat(ip(ONE_NAT), 'moon');
  const [moon, carol] = await tunnel(world, { moonConnection: { dpdDelay: 30 } });
  await world.pass(100_000);
  const before = endsOf(carol)[1];
  nat.rebind();
  await world.pass(100_000);
  expect(moon.lines).toContain('detected changes in NAT mappings, initiating MOBIKE update');
  expect(endsOf(carol)[1]).not.toBe(before);
  expect(kernelEnds(carol).some((ends) => ends.includes(before))).toBe(false);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('with MOBIKE a request from elsewhere is answered there and moves nothing, RFC 4555 section 3.8', async () => {
  await using world = new World();
  const nat = world.network.nat(ip(ONE_NAT), 'moon');
  const [moon, carol] = await tunnel(world);
  const before = endsOf(carol);
  nat.rebind();
  await world.during(moon.terminate({ child: 'net' }));
  expect(moon.children.length + carol.children.length).toBe(0);
  expect(endsOf(carol)).toEqual(before);
  expect(updates(carol)).toEqual([]);
});

test('with MOBIKE verified ESP from another address is answered there once the peer proved to be there', async () => {
  await using world = new World();
  world.network.nat(ip(ONE_NAT), 'moon');
  const [moon, carol] = await tunnel(world);
  world.network.nat(ip(OTHER_NAT), 'moon');
  const into = [...carol.kernel.sas.values()].find(({ sa }) => sa?.direction === 'in');
  if (into === undefined) throw new TypeError('no inbound SA');
  // Nobody is there: what goes out stays where it was.
  const before = kernelEnds(carol).find((ends) => ends.startsWith(CAROL)) ?? '';
  const nowhere = { address: ip('203.0.113.66'), port: 4500 };
  carol.kernel.raise({ kind: 'mapping', id: into.id, ...nowhere });
  await world.pass(1000);
  expect(kernelEnds(carol)).toContain(before);
  // The mapping of the other NAT, made by a keepalive of the peer.
  await world.pass(30_000);
  const real = { address: ip(OTHER_NAT), port: 20_001 };
  carol.kernel.raise({ kind: 'mapping', id: into.id, ...real });
  await world.pass(30_000);
  expect(endsOf(carol)[1]).toBe(`${OTHER_NAT}[20001]`);
  expect(kernelEnds(carol)).not.toContain(before);
  expect(flow(moon, carol)).toEqual(BOTH_WAYS);
});

test('a transport mode CHILD_SA is rekeyed to the new addresses', async () => {
  await using world = new World();
  const host = {
    kind: 'dynamic' as const,
    upper: { protocol: 0, startPort: 0, endPort: 65535 },
  };
  const child = { mode: 'transport' as const, localTs: [host], remoteTs: [host] };
  const [moon, carol] = await tunnel(world, { child });
  moon.readdress(ELSEWHERE);
  await world.pass(30_000);
  for (const host of [moon, carol]) {
    expect(host.children.map(({ mode }) => mode)).toEqual(['TRANSPORT']);
    expect(kernelEnds(host)).toEqual([`${CAROL} > ${ELSEWHERE}`, `${ELSEWHERE} > ${CAROL}`]);
  }
});
