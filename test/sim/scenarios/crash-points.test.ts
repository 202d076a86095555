import { describe, expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { childConfig } from '../../support/connections.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { IvWatch } from '../iv-watch.ts';
import { pair } from '../pair.ts';
import { simCrypto, World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const crypto = simCrypto();
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

/** Children `net` and `net2`, the second one for 10.3/16 behind moon. */
function children(here: 'moon' | 'carol'): ReadonlyMap<string, ChildConfig> {
  const sides = { moon: ['10.1.0.0/16', '10.3.0.0/16'], carol: ['10.2.0.0/16', '10.2.0.0/16'] };
  const there = here === 'moon' ? 'carol' : 'moon';
  return new Map(
    ['net', 'net2'].map((name, i) => [
      name,
      childConfig(name, {
        proposals: parseProposals('esp', ['aes128gcm16-x25519'], crypto),
        localTs: [{ kind: 'fixed', selector: ts(sides[here][i] ?? '') }],
        remoteTs: [{ kind: 'fixed', selector: ts(sides[there][i] ?? '') }],
      }),
    ]),
  );
}

interface Step {
  /** There is a tunnel for `net` before, whose traffic must not suffer. */
  readonly established: boolean;
  readonly traffic: boolean;
  readonly run: (world: World, moon: WorldHost) => unknown;
}

const STEPS: Readonly<Record<string, Step>> = {
  'IKE_SA_INIT and IKE_AUTH': {
    established: false,
    traffic: false,
    run: (_world, moon) => moon.initiate('net', 5000),
  },
  CREATE_CHILD_SA: {
    established: true,
    traffic: true,
    run: (_world, moon) => moon.initiate('net2', 5000),
  },
  'rekeying of a CHILD_SA': {
    established: true,
    traffic: true,
    run: (_world, moon) => {
      for (const sa of moon.daemon.manager.tables.byId.values()) {
        for (const child of sa.children.values()) sa.rekeyChild(child);
      }
    },
  },
  'rekeying of the IKE_SA': {
    established: true,
    traffic: true,
    run: (_world, moon) => {
      for (const sa of moon.daemon.manager.tables.byId.values()) sa.rekeyIke();
    },
  },
  DPD: { established: true, traffic: true, run: (world) => world.pass(31_000) },
  'DELETE of a CHILD_SA': {
    established: true,
    traffic: false,
    run: (_world, moon) => moon.terminate({ child: 'net' }),
  },
  'DELETE of the IKE_SA': {
    established: true,
    traffic: false,
    run: (_world, moon) => moon.terminate({ ike: 'gw' }),
  },
};

/** Kills one host at this moment of a step; false if the step has fewer. */
async function killAt(name: string, who: 'moon' | 'carol', point: number): Promise<boolean> {
  const step = STEPS[name] as Step;
  await using world = new World({ printOnFailure: false });
  const ivs = new IvWatch(world.network);
  const [moon, carol] = await pair(world, {
    options: { state_journal: true },
    connection: { dpdDelay: 30 },
    moonConnection: { children: children('moon') },
    carolConnection: { children: children('carol') },
  });
  const victim = who === 'moon' ? moon : carol;
  for (const host of [moon, carol]) ivs.watch(host.kernel);
  let where = '';
  const lost: string[] = [];
  const pump = (): void => {
    for (const [from, to, packet] of [
      [moon, carol, there],
      [carol, moon, back],
    ] as const) {
      const fate = carry(from.kernel, to.kernel, packet);
      if (fate.kind !== 'protected') {
        lost.push(`${from.name} at ${world.clock.now()}: ${JSON.stringify(fate)}`);
      }
    }
  };
  if (step.established) {
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
  }
  let count = 0;
  victim.moment = (what) => {
    if (step.traffic) pump();
    if (count++ !== point) return;
    where = what;
    victim.kill();
  };
  const done = step.run(world, moon);
  if (done instanceof Promise) done.catch(() => undefined);
  while (where === '' && world.clock.now() < 40_000) await world.pass(50);
  victim.moment = () => undefined;
  if (where === '') return false;
  await world.pass(700);
  const title = `${name}: ${who} killed at moment ${point}, ${where}`;
  try {
    if (step.traffic) pump();
    victim.reborn();
    await victim.start();
    if (step.traffic) pump();
    victim.secret('a secret that nobody guesses');
    for (const config of world.configs.get(victim) ?? []) await victim.load(config);
    for (let i = 0; i < 100; i++) {
      await world.pass(100);
      if (step.traffic) pump();
    }
    // Longer than a DPD and its retransmissions.
    await world.pass(300_000);
    if (step.traffic) pump();
    expect(lost).toEqual([]);
    expect(ivs.repeated).toEqual([]);
    expect(views(moon, false)).toEqual(views(carol, true));
    for (const host of [moon, carol]) {
      expect(installed(host), `${host.name}: SAs`).toBe(2 * host.children.length);
      expect(host.lines.filter((line) => /internal error|TypeError/.test(line))).toEqual([]);
    }
    for (const host of [moon, carol]) await world.during(host.terminate({ ike: 'gw' }));
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
    for (const host of [moon, carol]) {
      expect(installed(host) + host.kernel.policies.size + host.kernel.routes.size).toBe(0);
      expect([...host.sessions.records.keys()], `${host.name}: sessions`).toEqual([]);
    }
    expect(ivs.repeated).toEqual([]);
  } catch (error) {
    throw new Error(`${title}: ${String(error)}\n${world.ladder()}`, { cause: error });
  }
  return true;
}

/** SAs in the kernel, SPIs that are merely reserved left out: those expire by themselves. */
function installed({ kernel }: WorldHost): number {
  return [...kernel.sas.values()].filter(({ sa }) => sa !== undefined).length;
}

function views(host: WorldHost, flip: boolean): readonly unknown[] {
  return host.sas.map((sa) => [
    sa.state,
    sa.initiatorSpi,
    sa.responderSpi,
    sa.children
      .map(({ installed, state }) => {
        const spis = [installed?.spiIn, installed?.spiOut];
        return `${state} ${(flip ? spis.reverse() : spis).join(' ')}`;
      })
      .sort(),
  ]);
}

describe.each(Object.keys(STEPS))('%s', (name) => {
  test.each(['moon', 'carol'] as const)(
    '%s may be killed at any moment',
    async (who) => {
      let point = 0;
      while (await killAt(name, who, point)) point += 1;
      expect(point).toBeGreaterThan(3);
    },
    120_000,
  );
});
