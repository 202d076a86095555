import { expect, test } from 'vitest';
import type { ChildConfig } from '../../../daemon/config/connection-types.ts';
import { ip } from '../../support/selectors.ts';
import { carry } from '../carry.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

// A trap whose marks or interface ids are %unique or %unique-dir: what it holds back is what its CHILD_SA takes.

const there = { source: ip('10.1.0.5'), destination: ip('10.2.0.5') };
const TRAP = { startAction: { trap: true, start: false } };
const FULL = 0xffff_ffff;

const MARKS: Partial<ChildConfig> = {
  ...TRAP,
  markIn: { kind: 'unique', mask: FULL },
  markOut: { kind: 'unique', mask: FULL },
};
const IF_IDS: PairSetup = {
  moonChild: TRAP,
  moonConnection: { ifIdIn: { kind: 'unique-dir' }, ifIdOut: { kind: 'unique-dir' } },
};

/** Marks and interface ids of all policies of a kernel, each once, as `direction mark interface`. */
function numbersOf({ kernel }: WorldHost): readonly string[] {
  const all = [...kernel.policies.values()].map(
    ({ direction, mark, ifId }) => `${direction} ${mark?.value} ${ifId}`,
  );
  return [...new Set(all)].sort();
}

/** A packet meets the trap, and the CHILD_SA that follows from it is there. */
async function spring(world: World, moon: WorldHost, carol: WorldHost): Promise<void> {
  expect(carry(moon.kernel, carol.kernel, there)).toEqual({ kind: 'held' });
  await world.settle(() => moon.children.length === 1 && carol.children.length === 1);
}

const MARKED = ['fwd 1 undefined', 'in 1 undefined', 'out 1 undefined'];

test.each([
  ['mark = %unique', { moonChild: MARKS }, MARKED],
  [
    'if_id = %unique-dir of the connection',
    IF_IDS,
    ['fwd undefined 1', 'in undefined 1', 'out undefined 2'],
  ],
] as const)(
  '%s: the trap has numbers of its own, and its CHILD_SA the same',
  async (_name, setup, numbers) => {
    await using world = new World();
    const [moon, carol] = await pair(world, setup);
    expect(numbersOf(moon)).toEqual(numbers);
    // Once more, after the CHILD_SA was taken down.
    for (const round of [1, 2]) {
      await spring(world, moon, carol);
      expect(numbersOf(moon), `round ${round}`).toEqual(numbers);
      expect(moon.children.map(({ reqid }) => reqid)).toEqual([1]);
      expect(carry(moon.kernel, carol.kernel, there).kind).toBe('protected');
      expect(await world.during(moon.terminate({ child: 'net' }))).toMatchObject({ ok: true });
      expect(numbersOf(moon)).toEqual(numbers);
    }
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(numbersOf(moon)).toEqual(numbers);
  },
);

test('loading the connection again keeps the numbers, another setting does not', async () => {
  await using world = new World();
  const [moon] = await pair(world, { moonChild: MARKS });
  const [config] = world.configs.get(moon) ?? [];
  const child = config?.children.get('net');
  if (config === undefined || child === undefined) throw new TypeError('no configuration');
  const changed = (part: Partial<ChildConfig>) => ({
    ...config,
    children: new Map([['net', { ...child, ...part }]]),
  });
  await world.during(moon.load(changed({ priority: 77 })));
  expect(numbersOf(moon)).toEqual(MARKED);
  await world.during(moon.load(changed({ markIn: { kind: 'unique-dir', mask: FULL } })));
  expect(numbersOf(moon)).toEqual(['fwd 2 undefined', 'in 2 undefined', 'out 3 undefined']);
});

test('a CHILD_SA that was there before, and before kill -9, gives its trap the numbers', async () => {
  await using world = new World();
  const options = { state_journal: true };
  const [moon, carol] = await pair(world, {
    options,
    moonChild: { ...MARKS, startAction: { trap: false, start: false } },
  });
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  moon.kill();
  await world.pass(500);
  moon.reborn();
  await moon.start();
  moon.secret('a secret that nobody guesses');
  for (const config of world.configs.get(moon) ?? []) await moon.load(config);
  expect(await world.during(moon.daemon.control.install('net', undefined))).toMatchObject({
    ok: true,
  });
  expect(numbersOf(moon)).toEqual(MARKED);
  expect(await world.during(moon.terminate({ child: 'net' }))).toMatchObject({ ok: true });
  expect(numbersOf(moon)).toEqual(MARKED);
  await spring(world, moon, carol);
  expect(numbersOf(moon)).toEqual(MARKED);
});

test('what the peer asks for has numbers of its own', async () => {
  await using world = new World();
  const [moon, carol] = await pair(world, { moonChild: MARKS });
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => moon.children.length === 1);
  expect(moon.children.map(({ installed }) => installed?.markOut?.value)).toEqual([2]);
});
