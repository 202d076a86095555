import { describe, expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { ExchangeType } from '../../../daemon/proto/iana/exchange-types.ts';
import { printIkeSpi } from '../../../daemon/proto/ike-spi.ts';
import { parseHeader } from '../../../daemon/wire/header.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair, places } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** Milliseconds in which every exchange of a rekeying is over. */
const DONE = 20_000;

async function established(world: World, setup: PairSetup = {}) {
  const hosts = await pair(world, setup);
  expect(await world.during(hosts[0].initiate('net'))).toEqual({ ok: true });
  for (const host of hosts) host.events.length = 0;
  return hosts;
}

function rekey(host: WorldHost): void {
  for (const sa of host.daemon.manager.tables.byId.values()) sa.rekeyIke();
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

/** One new IKE_SA with the same CHILD_SA on both sides, nothing of the old one, one event each. */
async function expectReplaced(world: World, hosts: readonly [WorldHost, WorldHost]): Promise<void> {
  for (const host of hosts) {
    expect(host.sas.map(({ state, uniqueId }) => [state, uniqueId > 1])).toEqual([
      ['ESTABLISHED', true],
    ]);
    expect(host.children.map(({ uniqueId }) => uniqueId)).toEqual([1]);
    expect(kinds(host)).toEqual(['ike-rekey']);
  }
  const [moon, carol] = hosts;
  expect(moon.sas[0]?.initiatorSpi).toBe(carol.sas[0]?.initiatorSpi);
  expect(moon.sas[0]?.responderSpi).toBe(carol.sas[0]?.responderSpi);
  expectTraffic(moon, carol);
  // The new one works in both directions: a CHILD_SA is deleted from one side, made again from the other.
  for (const host of hosts) {
    const connection = host.daemon.control.connections()[0];
    for (const sa of host.daemon.manager.tables.byId.values()) sa.connection = connection;
  }
  expect((await world.during(moon.terminate({ child: 'net' }))).ok).toBe(true);
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  expect(moon.sas.length).toBe(1);
}

describe('an IKE_SA is replaced, RFC 7296 sections 1.3.2 and 2.18', () => {
  // rekeyer -> other  SA Ni KEi; then D on the old IKE_SA
  test.each([
    ['moon', 'aes128gcm16-prfsha256-x25519'],
    ['carol', 'aes128gcm16-prfsha256-x25519'],
    ['moon', 'aes128-sha256-x25519-ke1_ecp256'],
    ['carol', 'aes128-sha256-x25519-ke1_ecp256'],
  ] as const)('by %s, %s', async (who, ike) => {
    await using world = new World();
    const proposals = parseProposals('ike', [ike], simCrypto());
    const hosts = await established(world);
    // Additional key exchanges do not belong to what this test sets up with.
    for (const host of hosts) {
      for (const sa of host.daemon.manager.tables.byId.values()) {
        if (sa.connection !== undefined) sa.connection = { ...sa.connection, proposals };
      }
    }
    const end = world.clock.now() + DONE;
    rekey(who === 'moon' ? hosts[0] : hosts[1]);
    while (world.clock.now() < end) {
      await world.pass(3);
      expectTraffic(...hosts);
    }
    expect(hosts[who === 'moon' ? 0 : 1].sas[0]?.initiator).toBe(true);
    await expectReplaced(world, hosts);
  });

  test('by time, again and again, without ever being authenticated anew', async () => {
    await using world = new World();
    const hosts = await established(world, {
      connection: { rekeyTime: 600, randTime: 60, overTime: 60 },
    });
    await world.pass(3_600_000);
    for (const host of hosts) {
      expect(host.sas.length).toBe(1);
      expect(kinds(host).filter((kind) => kind === 'ike-rekey').length).toBeGreaterThan(5);
      expect(kinds(host)).not.toContain('ike-updown');
    }
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('both at once, seed %i', async (seed) => {
    await using world = new World({ seed });
    const hosts = await established(world);
    rekey(hosts[0]);
    rekey(hosts[1]);
    const end = world.clock.now() + DONE;
    while (world.clock.now() < end) {
      await world.pass(3);
      expectTraffic(...hosts);
    }
    await expectReplaced(world, hosts);
  });

  test('against a CHILD_SA that is rekeyed by the other side: both refused, both later', async () => {
    await using world = new World();
    const hosts = await established(world);
    rekey(hosts[0]);
    for (const sa of hosts[1].daemon.manager.tables.byId.values()) {
      for (const child of sa.children.values()) sa.rekeyChild(child);
    }
    await world.pass(60_000);
    for (const host of hosts) {
      expect(kinds(host).toSorted()).toEqual(['child-rekey', 'ike-rekey']);
      expect(host.sas.length).toBe(1);
      expect(host.children.length).toBe(1);
    }
    expectTraffic(...hosts);
  });

  test('against its own end: the peer deletes it meanwhile', async () => {
    await using world = new World();
    const [moon, carol] = await established(world);
    rekey(moon);
    expect((await world.during(carol.terminate({ ike: 'gw' }))).ok).toBe(true);
    await world.pass(DONE);
    for (const host of [moon, carol]) {
      expect(host.sas).toEqual([]);
      expect(kinds(host).filter((kind) => kind === 'ike-updown').length).toBe(1);
      expect(host.kernel.sas.size).toBe(0);
    }
  });
});

test('what the peer made, and has not taken over yet, is not rekeyed itself', async () => {
  await using world = new World();
  const hosts = await established(world);
  // Both rekey; on the old IKE_SA only moon's request reaches carol, so that moon's IKE_SA waits at her side.
  const old = hosts[0].sas[0]?.initiatorSpi;
  let held = true;
  world.network.intercept = (packet) => {
    const header = parseHeader(packet.data.subarray(packet.destination.port === 4500 ? 4 : 0));
    const onOld = packet.to === 'carol' && printIkeSpi(header.spiI) === old;
    const asks = header.exchange === ExchangeType.CREATE_CHILD_SA && !header.isResponse;
    return held && onOld && !asks ? undefined : packet;
  };
  rekey(hosts[0]);
  rekey(hosts[1]);
  await world.pass(15);
  rekey(hosts[1]);
  await world.pass(2000);
  held = false;
  // Long enough for moon to drop what carol made and never confirmed (IC-06).
  await world.pass(300_000);
  for (const host of hosts) {
    expect(host.established.length).toBe(1);
    expect(host.children.length).toBe(1);
    expect(kinds(host)).not.toContain('ike-updown');
  }
  expectTraffic(...hosts);
});
