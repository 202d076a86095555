import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { pair } from '../pair.ts';
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
