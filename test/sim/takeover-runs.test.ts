import { expect, test } from 'vitest';
import { ip } from '../support/selectors.ts';
import { carry } from './carry.ts';
import { IvWatch } from './iv-watch.ts';
import { pair } from './pair.ts';
import { SeededRandom } from './seeded-random.ts';
import { World } from './world.ts';
import type { WorldHost } from './world-host.ts';

const { SIM_RUNS, SIM_SEED } = process.env;

/** Seeded runs, a tenth of those without a journal; `SIM_SEED=n` for one seed alone. */
const runs = Math.ceil(Number(SIM_RUNS ?? 1000) / 10);
const only = SIM_SEED === undefined ? undefined : Number(SIM_SEED);

test(`seeds 0 to ${runs - 1}: kills at random moments, with a journal, end with equal views`, async () => {
  for (let seed = only ?? 0; seed < (only === undefined ? runs : only + 1); seed++) await run(seed);
}, 300_000);

/**
 * A tunnel, and then kills, rekeyings, initiates and terminates on both sides at random moments over a bad link. In the end
 * both sides agree, no IV and no key of an outbound SA was used twice, and nothing is left when they end.
 */
async function run(seed: number): Promise<void> {
  const dice = new SeededRandom(seed ^ 0x7a4e);
  const level = (most: number): number =>
    dice.below(2) === 0 ? 0 : (dice.below(101) / 100) * most;
  await using world = new World({
    seed,
    printOnFailure: false,
    link: {
      latency: 1 + dice.below(80),
      jitter: dice.below(30),
      loss: level(0.2),
      duplicate: level(0.2),
      reorder: level(0.2),
    },
  });
  const ivs = new IvWatch(world.network);
  const hosts = await pair(world, {
    connection: { dpdDelay: 60, unique: dice.below(2) === 0 ? 'no' : 'replace' },
    options: { state_journal: true, fragment_size: dice.below(3) === 0 ? 220 : 1280 },
    esp: dice.below(2) === 0 ? 'aes128gcm16' : 'aes128gcm16-x25519',
  });
  for (const host of hosts) ivs.watch(host.kernel);
  try {
    for (let step = 0; step < 8; step++) {
      const host = hosts[dice.below(2)] as WorldHost;
      act(host, dice.below(5));
      await world.pass(dice.below(3) === 0 ? dice.below(20_000) : dice.below(300));
      if (dice.below(2) === 0) await killAndRestart(world, hosts[dice.below(2)] as WorldHost, dice);
    }
    world.network.link = { ...world.network.link, loss: 0, duplicate: 0, reorder: 0 };
    await world.pass(900_000);
    agree(hosts);
    expect(ivs.repeated).toEqual([]);
    for (const host of hosts) await world.during(host.terminate({ ike: 'gw' }));
    await world.settle(() => hosts.every((host) => host.sas.length === 0));
    for (const host of hosts) {
      expect([...host.sessions.records.keys()], `${host.name}: sessions`).toEqual([]);
      expect(host.kernel.policies.size + host.kernel.routes.size, `${host.name}: kernel`).toBe(0);
    }
  } catch (error) {
    throw new Error(`SIM_SEED=${seed}: ${String(error)}\n${world.ladder()}`, { cause: error });
  }
}

function act(host: WorldHost, what: number): void {
  const sas = [...host.daemon.manager.tables.byId.values()];
  if (what === 0) host.terminate({ child: 'net' }).catch(() => undefined);
  else if (what === 1) for (const sa of sas) sa.rekeyIke();
  else if (what === 2)
    for (const sa of sas) for (const child of sa.children.values()) sa.rekeyChild(child);
  else host.initiate('net').catch(() => undefined);
}

async function killAndRestart(world: World, host: WorldHost, dice: SeededRandom): Promise<void> {
  host.kill();
  await world.pass(dice.below(3000));
  host.reborn();
  await host.start();
  host.secret('a secret that nobody guesses');
  for (const config of world.configs.get(host) ?? []) await host.load(config);
}

/** Both sides hold the same IKE_SAs and CHILD_SAs, and packets go both ways if there are any. */
function agree([moon, carol]: readonly [WorldHost, WorldHost]): void {
  const views = (host: WorldHost, flip: boolean) =>
    host.sas
      .map((sa) => {
        const children = sa.children.map(({ installed }) => {
          const spis = [installed?.spiIn, installed?.spiOut];
          return (flip ? spis.reverse() : spis).join('/');
        });
        return `${sa.state} ${sa.initiatorSpi} ${sa.responderSpi} ${children.sort().join(' ')}`;
      })
      .sort();
  expect(views(moon, false)).toEqual(views(carol, true));
  for (const host of [moon, carol]) {
    const installed = [...host.kernel.sas.values()].filter(({ sa }) => sa !== undefined);
    expect(installed.length, `${host.name}: SAs`).toBe(2 * host.children.length);
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
