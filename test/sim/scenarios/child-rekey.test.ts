import { describe, expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Milliseconds in which every exchange of a rekeying is over, and the grace of the old CHILD_SA as well. */
const DONE = 20_000;

async function established(world: World, setup: PairSetup = {}) {
  const hosts = await pair(world, setup);
  expect(await world.during(hosts[0].initiate('net'))).toEqual({ ok: true });
  for (const host of hosts) host.events.length = 0;
  return hosts;
}

function rekey(host: WorldHost): void {
  for (const sa of host.daemon.manager.tables.byId.values()) {
    for (const child of sa.children.values()) sa.rekeyChild(child);
  }
}

function spiOf(host: WorldHost): ChildSpi {
  expect(host.children.length).toBe(1);
  return host.children[0]?.installed?.spiIn as ChildSpi;
}

function kinds(host: WorldHost): readonly string[] {
  return host.events.map(({ kind }) => kind).filter((kind) => kind !== 'alert');
}

function expectTraffic(moon: WorldHost, carol: WorldHost): void {
  const there = { source: ip(places.moon.inside), destination: ip(places.carol.inside) };
  const back = { source: ip(places.carol.inside), destination: ip(places.moon.inside) };
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}

/** One new pair on both sides, nothing left of the old one, one event each, traffic both ways. */
function expectReplaced(hosts: readonly [WorldHost, WorldHost], before: readonly number[]): void {
  for (const [index, host] of hosts.entries()) {
    expect(spiOf(host)).not.toBe(before[index]);
    expect(host.kernel.sas.size).toBe(2);
    expect(kinds(host)).toEqual(['child-rekey']);
  }
  expectTraffic(...hosts);
}

describe('a CHILD_SA is replaced without a gap, RFC 7296 section 2.8', () => {
  // rekeyer -> other  N(REKEY_SA) SA Ni [KEi] TSi TSr; then D(old)
  test.each([
    ['moon', 'aes128gcm16'],
    ['carol', 'aes128gcm16'],
    ['moon', 'aes128gcm16-x25519'],
    ['carol', 'aes128gcm16-x25519'],
    ['moon', 'aes128gcm16-x25519-ke1_ecp256-ke2_ecp384'],
    ['carol', 'aes128gcm16-x25519-ke1_ecp256-ke2_ecp384'],
  ] as const)('by %s, %s', async (who, esp) => {
    await using world = new World();
    const hosts = await established(world, { esp });
    const before = hosts.map(spiOf);
    const end = world.clock.now() + DONE;
    rekey(who === 'moon' ? hosts[0] : hosts[1]);
    while (world.clock.now() < end) {
      await world.pass(3);
      expectTraffic(...hosts);
    }
    expectReplaced(hosts, before);
  });

  test('the peer asks for another group; the next rekeying starts with that', async () => {
    await using world = new World();
    const hosts = await established(world, {
      moonChild: { proposals: parseProposals('esp', ['aes128gcm16-x25519-ecp256'], simCrypto()) },
      carolChild: { proposals: parseProposals('esp', ['aes128gcm16-ecp256'], simCrypto()) },
    });
    const before = hosts.map(spiOf);
    rekey(hosts[0]);
    await world.pass(DONE);
    expectReplaced(hosts, before);
    expect(world.ladder()).toContain('N(INVAL_KE)');
    const asked = world.ladder().split('N(INVAL_KE)').length;
    for (const host of hosts) host.events.length = 0;
    rekey(hosts[0]);
    await world.pass(DONE);
    expect(world.ladder().split('N(INVAL_KE)').length).toBe(asked);
  });

  test('soft lifetime of the kernel starts it, hard lifetime is never reached', async () => {
    await using world = new World();
    const hosts = await established(world);
    const before = hosts.map(spiOf);
    hosts[1].kernel.expire(spiOf(hosts[1]), false);
    await world.pass(DONE);
    expectReplaced(hosts, before);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('both at once, seed %i', async (seed) => {
    await using world = new World({ seed });
    const hosts = await established(world, { esp: 'aes128gcm16-x25519' });
    const before = hosts.map(spiOf);
    rekey(hosts[0]);
    rekey(hosts[1]);
    const end = world.clock.now() + DONE;
    while (world.clock.now() < end) {
      await world.pass(3);
      expectTraffic(...hosts);
    }
    expectReplaced(hosts, before);
  });
});

describe('rekeying against closing', () => {
  test.each([
    ['moon', 'moon'],
    ['moon', 'carol'],
    ['carol', 'moon'],
  ] as const)('%s rekeys while %s closes', async (rekeyer, closer) => {
    await using world = new World();
    const [moon, carol] = await established(world);
    const host = { moon, carol };
    rekey(host[rekeyer]);
    const closed = await world.during(host[closer].terminate({ child: 'net' }));
    expect(closed.ok).toBe(true);
    await world.pass(DONE);
    for (const one of [moon, carol]) {
      expect(one.children).toEqual([]);
      expect(one.kernel.sas.size).toBe(0);
      expect(kinds(one).filter((kind) => kind === 'child-updown')).toEqual(['child-updown']);
    }
  });
});

test('close_action = start sets up again what the peer closed while our rekeying was open', async () => {
  await using world = new World();
  const [moon, carol] = await established(world, {
    moonChild: { closeAction: { start: true, trap: false } },
  });
  rekey(moon);
  const closed = await world.during(carol.terminate({ child: 'net' }));
  expect(closed.ok).toBe(true);
  await world.pass(DONE);
  for (const host of [moon, carol]) expect(host.children.length).toBe(1);
  expectTraffic(moon, carol);
});

test('EX-10 with hardly any SPIs left: one that is in use is never given out again', async () => {
  await using world = new World();
  const hosts = await established(world, { options: { spi_min: 0xc0000000, spi_max: 0xc0000003 } });
  for (let round = 0; round < 12; round++) {
    const before = hosts.map(spiOf);
    rekey(hosts[round % 2] as WorldHost);
    await world.pass(2000);
    for (const [index, host] of hosts.entries()) {
      const own = [...host.kernel.sas.values()].map(({ id }) => `${id.destination} ${id.spi}`);
      expect(new Set(own).size).toBe(own.length);
      expect(spiOf(host)).not.toBe(before[index]);
    }
    expectTraffic(...hosts);
  }
});
