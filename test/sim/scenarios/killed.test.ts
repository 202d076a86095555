import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import type { FakeKernel } from '../fake-kernel.ts';
import { pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

/** What is in a kernel, SPIs that are merely reserved left out: those expire by themselves. */
function installed(kernel: FakeKernel): number {
  const sas = [...kernel.sas.values()].filter(({ sa }) => sa !== undefined);
  return sas.length + kernel.policies.size + kernel.routes.size;
}

/** Sets a tunnel up and closes it, and kills one host with its kernel call of this number; false if there is none. */
async function killAt(call: number, who: 'moon' | 'carol'): Promise<boolean> {
  await using world = new World({ printOnFailure: false });
  const [moon, carol] = await pair(world);
  const victim: WorldHost = who === 'moon' ? moon : carol;
  let killed = '';
  victim.kernel.refuse((operation, index) => {
    if (index === call) {
      killed = operation;
      victim.kill();
    }
    return undefined;
  });
  moon.initiate('net', 5000).catch(() => undefined);
  await world.pass(1000);
  if (killed === '') moon.terminate({ ike: 'gw' }, true).catch(() => undefined);
  await world.pass(1000);
  victim.kernel.refuse(() => undefined);
  if (killed === '') return false;

  victim.reborn();
  await victim.start();
  expect(installed(victim.kernel), `killed at ${killed}, call ${call}`).toBe(0);
  expect(victim.journal.recorded(), `killed at ${killed}, call ${call}`).toEqual([]);
  victim.secret('a secret that nobody guesses');
  for (const config of world.configs.get(victim) ?? []) await victim.load(config);
  expect(await world.during(victim.initiate('net')), `killed at ${killed}`).toEqual({ ok: true });
  const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
  await world.pass(1000);
  expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
  return true;
}

test.each(['moon', 'carol'] as const)(
  '%s may be killed with any of its kernel calls',
  async (who) => {
    let call = 0;
    while (await killAt(call, who)) call += 1;
    expect(call).toBeGreaterThan(12);
  },
);
