import { expect, test } from 'vitest';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair, places } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

function expectTraffic(moon: WorldHost, carol: WorldHost): void {
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}

function expectNothingLeft(...hosts: readonly WorldHost[]): void {
  for (const host of hosts) {
    expect(host.sas, host.name).toEqual([]);
    expect(host.kernel.empty, host.name).toBe(true);
    expect(host.journal.recorded(), host.name).toEqual([]);
    expect(host.daemon.manager.guard.halfOpen, host.name).toBe(0);
    expect(host.daemon.manager.scheduled, host.name).toBe(0);
  }
}

// moon --> carol  IKE_SA_INIT, IKE_AUTH; then INFORMATIONAL { D } from whoever ends it
test.each([
  ['moon', 'moon'],
  ['moon', 'carol'],
  ['carol', 'moon'],
  ['carol', 'carol'],
])('%s initiates and %s terminates, RFC 7296 sections 1.2 and 1.4', async (first, last) => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  const initiator = first === 'moon' ? moon : carol;
  const terminator = last === 'moon' ? moon : carol;
  expect(await world.during(initiator.initiate('net'))).toEqual({ ok: true });
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect([moon.children.length, carol.children.length]).toEqual([1, 1]);
  expect(initiator.sas[0]?.initiator).toBe(true);
  expectTraffic(moon, carol);
  expect(await world.during(terminator.terminate({ ike: 'gw' }))).toMatchObject({
    ok: true,
    matches: 1,
    terminated: 1,
  });
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expectNothingLeft(moon, carol);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('clear');
});

test.each(['moon', 'carol'])('%s closes the CHILD_SA and the IKE_SA stays', async (who) => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const closer = who === 'moon' ? moon : carol;
  expect(await world.during(closer.terminate({ child: 'net' }))).toMatchObject({ ok: true });
  await world.settle(() => moon.children.length + carol.children.length === 0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('both close the CHILD_SA at once: the DELETEs cross, RFC 7296 section 1.4.1', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const outcomes = [moon.terminate({ child: 'net' }), carol.terminate({ child: 'net' })];
  for (const outcome of outcomes) expect(await world.during(outcome)).toMatchObject({ ok: true });
  await world.settle(() => moon.children.length + carol.children.length === 0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  expect(moon.kernel.empty && carol.kernel.empty).toBe(true);
});

test('both close the IKE_SA at once', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const outcomes = [moon.terminate({ ike: 'gw' }), carol.terminate({ ike: 'gw' })];
  for (const outcome of outcomes) expect(await world.during(outcome)).toMatchObject({ ok: true });
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expectNothingLeft(moon, carol);
});

test('both initiate at once: packets pass, and everything goes when it is closed', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  const outcomes = [moon.initiate('net'), carol.initiate('net')];
  for (const outcome of outcomes) expect(await world.during(outcome)).toEqual({ ok: true });
  await world.pass(10_000);
  expect(moon.established.length).toBe(carol.established.length);
  expectTraffic(moon, carol);
  await world.during(moon.terminate({ ike: 'gw' }));
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  expectNothingLeft(moon, carol);
});

test('transport mode protects the hosts themselves, RFC 7296 section 1.3.1', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    child: { mode: 'transport' },
    moonChild: {
      localTs: [{ kind: 'fixed', selector: ts(places.moon.address) }],
      remoteTs: [{ kind: 'fixed', selector: ts(places.carol.address) }],
    },
    carolChild: {
      localTs: [{ kind: 'fixed', selector: ts(places.carol.address) }],
      remoteTs: [{ kind: 'fixed', selector: ts(places.moon.address) }],
    },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.children[0]?.mode).toBe('TRANSPORT');
  expect(carol.children[0]?.mode).toBe('TRANSPORT');
  const packet = { source: ip(places.moon.address), destination: ip(places.carol.address) };
  expect(carry(moon.kernel, carol.kernel, packet).kind).toBe('protected');
  expect([...moon.kernel.sas.values()].every(({ sa }) => sa?.mode === 'transport')).toBe(true);
  expect(moon.kernel.routes.size).toBe(0);
});

test('selectors are narrowed to what the responder allows, RFC 7296 section 2.9', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    carolChild: { localTs: [{ kind: 'fixed', selector: ts('10.2.3.0/24') }] },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  expect(moon.children[0]?.remoteTs).toEqual([ts('10.2.3.0/24')]);
  expect(carol.children[0]?.localTs).toEqual([ts('10.2.3.0/24')]);
  const outside = { source: ip('10.1.0.5'), destination: ip('10.2.4.5') };
  expect(carry(moon.kernel, carol.kernel, outside).kind).toBe('clear');
});

test('shutdown says DELETE and leaves nothing on either side', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.during(moon.daemon.shutdown());
  await world.settle(() => carol.sas.length === 0);
  expectNothingLeft(moon, carol);
  expect(moon.kernel.rules.size).toBe(0);
});

test('a killed peer is noticed by DPD after the delay and 165 s of retransmission', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { connection: { dpdDelay: 30 } });
  await world.during(moon.initiate('net'));
  const since = world.clock.now();
  carol.kill();
  await world.settle(() => moon.sas.length === 0);
  const took = (world.clock.now() - since) / 1000;
  expect(took).toBeGreaterThan(30 + 165);
  expect(took).toBeLessThan(2 * 30 + 166);
  expect(moon.kernel.empty).toBe(true);
  expect(moon.lines).toContain('giving up after 5 retransmits');
});

test('DPD asks only when nothing was received, and an answer keeps the IKE_SA', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonConnection: { dpdDelay: 10 } });
  await world.during(moon.initiate('net'));
  await world.pass(35_000);
  expect(moon.lines.filter((line) => line === 'sending DPD request')).toHaveLength(3);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('dpd_action start sets the tunnel up again once the peer is back', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonConnection: { dpdDelay: 10, keyingTries: 0 },
    moonChild: { dpdAction: { trap: false, start: true } },
  });
  await world.during(moon.initiate('net'));
  carol.kill();
  await world.settle(() => moon.lines.includes('giving up after 5 retransmits'));
  carol.reborn();
  await carol.start();
  carol.secret('a secret that nobody guesses');
  for (const config of world.configs.get(carol) ?? []) await carol.load(config);
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  expectTraffic(moon, carol);
});

test('close_action start sets the tunnel up again after the peer closed it', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: { closeAction: { trap: false, start: true } },
  });
  await world.during(moon.initiate('net'));
  const before = moon.sas[0]?.uniqueId;
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  expect(moon.sas[0]?.uniqueId).not.toBe(before);
  expectTraffic(moon, carol);
});

test('start_action start initiates when the connection is loaded', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    moonChild: { startAction: { trap: false, start: true } },
    carolChild: { localTs: [{ kind: 'fixed', selector: ts('10.2.0.0/16') }] },
  });
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
});

test('kill -9 and restart: the SAs are gone, INITIAL_CONTACT clears the peer', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  moon.kill();
  expect(moon.kernel.sas.size).toBe(2);
  moon.reborn();
  await moon.start();
  expect(moon.kernel.sas.size).toBe(0);
  moon.secret('a secret that nobody guesses');
  for (const config of world.configs.get(moon) ?? []) await moon.load(config);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.pass(1000);
  expect(carol.sas).toHaveLength(1);
  expect(carol.lines.join('\n')).toContain('received INITIAL_CONTACT');
  expect(carol.kernel.sas.size).toBe(2);
  expectTraffic(moon, carol);
});

test('an expired SA is deleted with the peer, RFC 7296 section 1.4.1', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  const [sa] = moon.kernel.sas.values();
  if (sa === undefined) throw new TypeError('no SA');
  moon.kernel.expire(sa.id.spi, true);
  await world.settle(() => moon.kernel.empty && carol.kernel.empty);
  expect(moon.children.length + carol.children.length).toBe(0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
});

test('events tell of up and down, each once', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world);
  await world.during(moon.initiate('net'));
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
  for (const host of [moon, carol]) {
    const seen = host.events.map((event) =>
      'up' in event ? `${event.kind} ${event.up}` : event.kind,
    );
    expect(seen.filter((event) => event === 'ike-updown true')).toHaveLength(1);
    expect(seen.filter((event) => event === 'ike-updown false')).toHaveLength(1);
    expect(seen.filter((event) => event === 'child-updown true')).toHaveLength(1);
    expect(seen.filter((event) => event === 'child-updown false').length).toBeLessThanOrEqual(1);
  }
});

test('the ladder tells the conversation in the notation of the RFC', async () => {
  await using world = new World({ link: { latency: 20 } });
  const [moon] = await pair(world);
  await world.during(moon.initiate('net'));
  const arrows = world
    .ladder()
    .split('\n')
    .filter((line) => line.includes('-->'))
    .map((line) => line.trim().replace(/ {2}\(.*$/, ''));
  expect(arrows).toHaveLength(4);
  expect(arrows[0]).toMatch(/^0\.000 {2}moon --> carol {2}IKE_SA_INIT request 0 \[ SA KE No N\(/);
  expect(arrows[1]).toMatch(/^0\.020 {2}carol --> moon {2}IKE_SA_INIT response 0 \[ SA KE No N\(/);
  expect(arrows[2]).toMatch(/^0\.040 {2}moon --> carol {2}IKE_AUTH request 1 \[ IDi /);
  expect(arrows[3]).toMatch(
    /^0\.060 {2}carol --> moon {2}IKE_AUTH response 1 \[ IDr AUTH SA TSi TSr N\(MOBIKE_SUP\) N\(ADD_4_ADDR\) N\(MSG_ID_SYN_SUP\) \]/,
  );
});
