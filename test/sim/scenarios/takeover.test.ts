import { expect, test } from 'vitest';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

/** Packets both ways arrive protected. */
function flows(moon: WorldHost, carol: WorldHost): void {
  expect(carry(moon.kernel, carol.kernel, there)).toMatchObject({ kind: 'protected' });
  expect(carry(carol.kernel, moon.kernel, back)).toMatchObject({ kind: 'protected' });
}

/** `kill -9`, some time without a daemon, and a successor with the same configuration. */
async function restart(world: World, host: WorldHost, pause = 500): Promise<void> {
  host.kill();
  await world.pass(pause);
  host.reborn();
  await host.start();
  host.secret('a secret that nobody guesses');
  for (const config of world.configs.get(host) ?? []) await host.load(config);
}

test.each(['moon', 'carol'] as const)('%s goes on after kill -9', async (who) => {
  await using world = new World();
  const [moon, carol] = await pair(world, { options: { state_journal: true } });
  const victim = who === 'moon' ? moon : carol;
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  const before = victim.sas;
  const calls = victim.kernel.calls.length;
  flows(moon, carol);
  await restart(world, victim);
  flows(moon, carol);
  expect(victim.sas.map((sa) => [sa.initiatorSpi, sa.responderSpi, sa.uniqueId])).toEqual(
    before.map((sa) => [sa.initiatorSpi, sa.responderSpi, sa.uniqueId]),
  );
  expect(victim.children).toHaveLength(1);
  expect(victim.kernel.calls.slice(calls).filter((call) => !call.startsWith('addRule'))).toEqual(
    [],
  );
  for (const host of [victim, who === 'moon' ? carol : moon]) {
    expect(await world.during(host.terminate({ child: 'net' }))).toMatchObject({ ok: true });
    await world.settle(() => moon.children.length === 0 && carol.children.length === 0);
    expect(await world.during(host.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
    flows(moon, carol);
  }
  await world.during(carol.terminate({ ike: 'gw' }));
  await world.settle(() => moon.sas.length === 0 && carol.sas.length === 0);
  for (const host of [moon, carol]) {
    expect(host.kernel.empty).toBe(true);
    expect([...host.sessions.records.keys()]).toEqual([]);
  }
});

test('both may be killed at the same time', async () => {
  await using world = new World();
  const [moon, carol] = await up(world);
  moon.kill();
  carol.kill();
  await world.pass(3000);
  flows(moon, carol);
  await restart(world, moon);
  await restart(world, carol);
  flows(moon, carol);
  expect(await world.during(moon.terminate({ ike: 'gw' }))).toMatchObject({ ok: true });
  await world.settle(() => moon.sas.length + carol.sas.length === 0);
});

test('a connection that starts by itself is not set up twice', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, {
    options: { state_journal: true },
    moonChild: { startAction: { trap: false, start: true } },
  });
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
  await restart(world, moon);
  await world.pass(10_000);
  expect([moon.sas.length, moon.children.length]).toEqual([1, 1]);
  expect([carol.sas.length, carol.children.length]).toEqual([1, 1]);
  flows(moon, carol);
});

test('without its connection an IKE_SA goes on under the settings it has', async () => {
  await using world = new World();
  const [moon, carol] = await up(world, { connection: { dpdDelay: 30 } });
  moon.kill();
  moon.reborn();
  await moon.start();
  await world.pass(100_000);
  expect(moon.lines.some((line) => line.includes('sending DPD request'))).toBe(true);
  flows(moon, carol);
  for (const sa of moon.daemon.manager.tables.byId.values()) {
    for (const child of sa.children.values()) sa.rekeyChild(child);
  }
  await world.pass(20_000);
  expect(moon.children.map(({ uniqueId }) => uniqueId)).toEqual([2]);
  flows(moon, carol);
});

test('lifetimes go on: what is due meanwhile happens at once', async () => {
  await using world = new World();
  const [moon, carol] = await up(world, {
    connection: { rekeyTime: 1000, overTime: 100, randTime: 0 },
    child: { time: { rekey: 500, life: 1100, rand: 0 } },
  });
  await restart(world, moon, 510_000);
  await world.pass(20_000);
  expect(moon.children.map(({ uniqueId }) => uniqueId)).toEqual([2]);
  expect(moon.sas.map(({ uniqueId }) => uniqueId)).toEqual([1]);
  await world.pass(480_000);
  // Both sides have it due: which of the two new ones stays is theirs to decide.
  expect(moon.sas).toHaveLength(1);
  expect(moon.sas[0]?.uniqueId).toBeGreaterThan(1);
  flows(moon, carol);
});

test('a CHILD_SA that the kernel lost is deleted with the peer', async () => {
  await using world = new World();
  const [moon, carol] = await up(world);
  moon.kill();
  moon.kernel.sas.clear();
  await restart(world, moon);
  await world.settle(() => carol.children.length === 0);
  expect([moon.established.length, carol.established.length]).toEqual([1, 1]);
  // What is left of it blocks until the configuration had time to replace it.
  await world.pass(120_000);
  expect([moon.kernel.empty, carol.kernel.empty]).toEqual([true, true]);
});

test('what cannot be read is left out, and its kernel state removed', async () => {
  await using world = new World();
  const [moon, carol] = await up(world);
  for (const key of [...moon.sessions.records.keys()]) {
    const value = moon.sessions.records.get(key);
    for (const bad of [utf8('nonsense'), utf8('{}'), new Uint8Array(0), undefined]) {
      if (bad === undefined) moon.sessions.records.delete(key);
      else moon.sessions.records.set(key, bad);
      const kept = new Map(moon.sessions.records);
      const kernel = [
        new Map(moon.kernel.sas),
        new Map(moon.kernel.policies),
        new Map(moon.kernel.routes),
      ];
      const journal = moon.journal.recorded();
      moon.kill();
      moon.reborn();
      await moon.start();
      await world.pass(10);
      const whole = moon.children.length === 1;
      expect(moon.kernel.sas.size).toBe(whole ? 2 : 0);
      expect(moon.lines.filter((line) => /internal error|TypeError/.test(line))).toEqual([]);
      // As it was before, for the next attempt.
      moon.kill();
      moon.sessions.records.clear();
      for (const [name, record] of kept) moon.sessions.records.set(name, record);
      for (const record of journal) moon.journal.add(record);
      restore(moon.kernel.sas, kernel[0]);
      restore(moon.kernel.policies, kernel[1]);
      restore(moon.kernel.routes, kernel[2]);
    }
    if (value !== undefined) moon.sessions.records.set(key, value);
  }
  moon.reborn();
  await moon.start();
  flows(moon, carol);
});

test('a rekeying whose request is out goes on with the keys it began with', async () => {
  await using world = new World();
  const [moon, carol] = await up(world, { esp: 'aes128gcm16-x25519' });
  for (const sa of moon.daemon.manager.tables.byId.values()) {
    for (const child of sa.children.values()) sa.rekeyChild(child);
  }
  await world.pass(1);
  await restart(world, moon);
  await world.pass(10_000);
  // Nothing was asked for twice.
  expect(moon.children.map(({ uniqueId }) => uniqueId)).toEqual([2]);
  expect(carol.children.map(({ uniqueId }) => uniqueId)).toEqual([2]);
  flows(moon, carol);
});

/** Two gateways with a tunnel and journals. */
async function up(world: World, setup: PairSetup = {}): Promise<readonly [WorldHost, WorldHost]> {
  const [moon, carol] = await pair(world, { ...setup, options: { state_journal: true } });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  flows(moon, carol);
  return [moon, carol];
}

function restore<K, V>(map: Map<K, V>, before: Map<K, unknown> | undefined): void {
  map.clear();
  for (const [key, value] of before ?? []) map.set(key, value as V);
}
