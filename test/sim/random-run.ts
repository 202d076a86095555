import { expect } from 'vitest';
import { ip } from '../support/selectors.ts';
import { carry } from './carry.ts';
import { pair } from './pair.ts';
import { SeededRandom } from './seeded-random.ts';
import { World } from './world.ts';
import type { WorldHost } from './world-host.ts';

/** One random life of two whole daemons; it costs little as long as it ends well, else it is repeated for its ladder. */
export async function randomRun(seed: number): Promise<number> {
  try {
    return await run(seed, true);
  } catch (error) {
    await run(seed, false);
    throw error;
  }
}

/**
 * A few initiates, terminates and rekeyings from both sides, at random moments, over a bad link; then the link is mended, both sides
 * are given time, and must agree on what exists, be able to use it, and leave nothing when they end. Returns the number
 * of CHILD_SAs there were in the end.
 */
async function run(seed: number, light: boolean): Promise<number> {
  const dice = new SeededRandom(seed ^ 0x5eed);
  const level = (most: number): number =>
    dice.below(2) === 0 ? 0 : (dice.below(101) / 100) * most;
  await using world = new World({
    seed,
    printOnFailure: false,
    light,
    link: {
      latency: 1 + dice.below(80),
      jitter: dice.below(30),
      loss: level(0.3),
      duplicate: level(0.3),
      reorder: level(0.3),
      corrupt: level(0.15),
    },
  });
  const hosts = await pair(world, {
    connection: {
      // Half-dead IKE_SAs end by themselves; a bad link must not keep the two from agreeing for ever.
      dpdDelay: 60,
      keyingTries: 1 + dice.below(2),
      unique: dice.below(2) === 0 ? 'no' : 'replace',
    },
    options: { fragment_size: dice.below(3) === 0 ? 220 : 1280 },
  });
  try {
    const steps = 1 + dice.below(5);
    const outcomes: Promise<unknown>[] = [];
    for (let step = 0; step < steps; step++) {
      const host = hosts[dice.below(2)] as WorldHost;
      if (dice.below(12) === 0) await killAndRestart(world, host);
      else if (dice.below(3) === 0) rekey(host, dice.below(2) === 0);
      else if (dice.below(3) < 2) outcomes.push(host.initiate('net'));
      else outcomes.push(host.terminate(dice.below(2) === 0 ? { ike: 'gw' } : { child: 'net' }));
      await world.pass(dice.below(3) === 0 ? dice.below(200_000) : dice.below(500));
    }
    // What was asked of a daemon that was killed is never answered: an hour is enough for all others.
    await world.during(Promise.race([Promise.all(outcomes), sleep(world, 3_000_000)]));
    world.network.link = { ...world.network.link, loss: 0, corrupt: 0, duplicate: 0, reorder: 0 };
    // Longer than retransmission (165 s) after a DPD (60 s) takes to find a peer gone.
    await world.pass(600_000);
    agree(hosts);
    const children = hosts[0].children.length;
    for (const host of hosts) await world.during(host.terminate({ ike: 'gw' }));
    await world.settle(() => hosts.every((host) => host.sas.length === 0));
    for (const host of hosts) {
      expect(host.kernel.empty, `${host.name}: kernel`).toBe(true);
      expect(host.journal.recorded(), `${host.name}: journal`).toEqual([]);
    }
    return children;
  } catch (error) {
    throw new Error(`SIM_SEED=${seed}: ${String(error)}\n${world.ladder()}`, { cause: error });
  }
}

/** `kill -9`, and a successor that finds what was left. */
async function killAndRestart(world: World, host: WorldHost): Promise<void> {
  host.kill();
  host.reborn();
  await host.start();
  expect(host.kernel.sas.size, `${host.name}: SAs after kill -9`).toBe(0);
  host.secret('a secret that nobody guesses');
  for (const config of world.configs.get(host) ?? []) await host.load(config);
}

/** Rekeys everything the host has, of one kind. */
function rekey(host: WorldHost, ike: boolean): void {
  for (const sa of host.daemon.manager.tables.byId.values()) {
    if (ike) sa.rekeyIke();
    else for (const child of sa.children.values()) sa.rekeyChild(child);
  }
}

function sleep(world: World, millis: number): Promise<void> {
  return new Promise((resolve) => world.clock.after(millis, resolve));
}

/** Both sides hold the same IKE_SAs and the same CHILD_SAs, and packets go both ways if there are any. */
function agree(hosts: readonly WorldHost[]): void {
  const [moon, carol] = hosts as readonly [WorldHost, WorldHost];
  const ikeSas = (host: WorldHost) =>
    host.sas.map((sa) => `${sa.state} ${sa.initiatorSpi} ${sa.responderSpi}`).sort();
  expect(ikeSas(moon)).toEqual(ikeSas(carol));
  const childSas = (host: WorldHost, flip: boolean) =>
    host.children
      .map(({ installed }) =>
        flip
          ? `${installed?.spiOut} ${installed?.spiIn}`
          : `${installed?.spiIn} ${installed?.spiOut}`,
      )
      .sort();
  expect(childSas(moon, false)).toEqual(childSas(carol, true));
  for (const host of hosts) {
    expect(host.kernel.sas.size, `${host.name}: SAs`).toBe(2 * host.children.length);
    expect(host.kernel.policies.size > 0, `${host.name}: policies`).toBe(host.children.length > 0);
    expect(host.lines.filter((line) => /internal error|TypeError|RangeError/.test(line))).toEqual(
      [],
    );
  }
  if (moon.children.length === 0) return;
  const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
}
