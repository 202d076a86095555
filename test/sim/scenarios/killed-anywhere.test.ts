import { expect, test } from 'vitest';
import type { KernelPolicy, KernelSa } from '../../../daemon/contracts/kernel.ts';
import type { ChildSpi } from '../../../daemon/proto/child-spi.ts';
import { ip, ts } from '../../support/selectors.ts';
import { carry, leavesInClear } from '../carry.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

// Without a journal of sessions: the successor knows what is its own in the kernel, and starts anew.

const POINTS = 200;
const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const back = { source: there.destination, destination: there.source };

const STEPS: Readonly<Record<string, (moon: WorldHost) => unknown>> = {
  connect: (moon) => moon.initiate('net'),
  'rekey the CHILD_SA': (moon) => {
    for (const sa of moon.daemon.manager.tables.byId.values()) {
      for (const child of sa.children.values()) sa.rekeyChild(child);
    }
  },
  'rekey the IKE_SA': (moon) => {
    for (const sa of moon.daemon.manager.tables.byId.values()) sa.rekeyIke();
  },
  'delete the CHILD_SA': (moon) => moon.terminate({ child: 'net' }),
  'delete the IKE_SA': (moon) => moon.terminate({ ike: 'gw' }),
};

/** Policies and an SA of somebody else, with a selector and a reqid like ours. */
async function others({ kernel }: WorldHost): Promise<string> {
  const policy: KernelPolicy = {
    direction: 'out',
    source: ts('10.1.0.0/16'),
    destination: ts('172.16.0.0/12'),
    action: 'allow',
    priority: 1000,
    templates: [
      {
        source: ip('203.0.113.1'),
        destination: ip('203.0.113.2'),
        spi: 0,
        protocol: 50,
        mode: 'tunnel',
        reqid: 1,
        optional: false,
      },
    ],
  };
  await kernel.addPolicy(policy);
  await kernel.addPolicy({
    ...policy,
    direction: 'fwd',
    source: policy.destination,
    destination: policy.source,
  });
  await kernel.addSa(foreignSa);
  return of203(kernel);
}

const foreignSa: KernelSa = {
  direction: 'out',
  source: ip('203.0.113.1'),
  destination: ip('203.0.113.2'),
  spi: 0x4711 as ChildSpi,
  protocol: 50,
  reqid: 1,
  mode: 'tunnel',
  lifetime: {
    softSeconds: 0,
    hardSeconds: 0,
    softBytes: 0n,
    hardBytes: 0n,
    softPackets: 0n,
    hardPackets: 0n,
  },
  esn: false,
  replayWindow: 32,
  copyDf: true,
  copyEcn: true,
  copyDscp: 'out',
};

/** What a kernel has of these others. */
function of203(kernel: WorldHost['kernel']): string {
  const policies = [...kernel.policies.values()].filter(({ templates }) =>
    templates.some(({ source }) => source === foreignSa.source),
  );
  const sas = [...kernel.sas.values()].filter(({ id }) => id.source === foreignSa.source);
  const text = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  return JSON.stringify([policies, sas.map(({ sa }) => sa)], text);
}

async function killedOnce(point: number): Promise<string> {
  await using world = new World({ seed: point + 1, light: true, printOnFailure: false });
  const [moon, carol] = await pair(world, {
    child: { startAction: { trap: true, start: false } },
  });
  const names = Object.keys(STEPS);
  const name = names[world.random.below(names.length)] ?? '';
  const victim = world.random.chance(0.5) ? moon : carol;
  const foreign = await others(victim);
  if (name !== 'connect') {
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
  }
  let left = world.random.below(25);
  let leaks = 0;
  let where = 'after it';
  victim.moment = (what) => {
    if (leavesInClear(victim.kernel, victim === moon ? there : back)) leaks++;
    if (left-- > 0) return;
    where = what;
    victim.kill();
  };
  const done = STEPS[name]?.(moon);
  if (done instanceof Promise) done.catch(() => undefined);
  while (victim.alive && world.clock.now() < 20_000) await world.pass(50);
  victim.kill();
  const title = `point ${point}: ${name}, ${victim.name} killed at ${where}`;
  try {
    await world.pass(world.random.below(3000));
    victim.reborn();
    left = Number.POSITIVE_INFINITY;
    await victim.start();
    victim.secret('a secret that nobody guesses');
    for (const config of world.configs.get(victim) ?? []) await victim.load(config);
    const began = world.clock.now();
    expect(await world.during(victim.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => moon.children.length > 0 && carol.children.length > 0);
    expect(world.clock.now() - began).toBeLessThan(5000);
    await world.pass(200_000);
    expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
    expect(carry(carol.kernel, moon.kernel, back).kind).toBe('protected');
    // Kernel and daemon have the same.
    for (const host of [moon, carol]) {
      const others = host === victim ? 1 : 0;
      expect(host.children, host.name).toHaveLength(1);
      // SPIs that were merely reserved expire by themselves.
      const sas = [...host.kernel.sas.values()].filter(({ sa }) => sa !== undefined);
      expect(sas, host.name).toHaveLength(2 + others);
      expect(host.kernel.policies.size, host.name).toBe(3 + 2 * others);
    }
    expect(of203(victim.kernel)).toBe(foreign);
    expect(leaks).toBe(0);
  } catch (error) {
    throw new Error(`${title}: ${String(error)}`, { cause: error });
  }
  return name;
}

test(`killed at ${POINTS} random points: what is ours in the kernel is in order, what is not is as it was, nothing left in the clear, and the tunnel is back`, async () => {
  const seen = new Set<string>();
  for (let point = 0; point < POINTS; point++) seen.add(await killedOnce(point));
  expect([...seen].sort()).toEqual(Object.keys(STEPS).sort());
}, 120_000);
