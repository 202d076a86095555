import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry, type DataPacket } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const there = (cpu: number): DataPacket => ({
  source: ip('10.1.0.5'),
  destination: ip('10.2.0.5'),
  cpu,
});

const cpus = (host: WorldHost): readonly (number | undefined)[] =>
  host.children.map(({ installed }) => installed?.cpu);

/** `kill -9`, and a successor with the same configuration. */
async function restart(world: World, host: WorldHost): Promise<void> {
  host.kill();
  await world.pass(500);
  host.reborn();
  await host.start();
  host.secret('a secret that nobody guesses');
  for (const config of world.configs.get(host) ?? []) await host.load(config);
}

test('CPUs keep their SAs over kill -9, and others still get theirs', async () => {
  await using world = new World();
  const yes = { perCpuSas: 'yes' } as const;
  const [moon, carol] = await pair(world, {
    options: { state_journal: true },
    moonChild: { ...yes, startAction: { trap: true, start: false } },
    carolChild: yes,
  });
  for (const cpu of [3, 1]) carry(moon.kernel, carol.kernel, there(cpu));
  await world.pass(3000);
  expect(cpus(moon)).toEqual([undefined, 3, 1]);
  for (const host of [moon, carol]) {
    const before = host.children.map(({ installed }) => installed?.spiIn);
    await restart(world, host);
    expect(host.children.map(({ installed }) => installed?.spiIn)).toEqual(before);
    expect(host.children.every(({ installed }) => installed?.perCpuSas)).toBe(true);
  }
  await world.pass(1000);
  carry(moon.kernel, carol.kernel, there(2));
  await world.pass(3000);
  expect(cpus(moon)).toEqual([undefined, 3, 1, 2]);
  expect(cpus(carol)).toEqual([undefined, 0, 1, 2]);
});

test('the answer to a request for a CPU goes to a successor that knows the CPU', async () => {
  await using world = new World();
  const yes = { perCpuSas: 'yes' } as const;
  const [moon, carol] = await pair(world, {
    options: { state_journal: true },
    moonChild: { ...yes, startAction: { trap: true, start: false } },
    carolChild: yes,
  });
  carry(moon.kernel, carol.kernel, there(0));
  await world.pass(3000);
  carry(moon.kernel, carol.kernel, there(2));
  await world.settle(
    () => moon.lines.filter((line) => line === 'establishing CHILD_SA net{3}').length === 1,
  );
  await restart(world, moon);
  await world.pass(20_000);
  expect(cpus(moon)).toEqual([undefined, 0, 2]);
  expect(cpus(carol)).toEqual([undefined, 0, 1]);
});
