import { expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { lowest } from './collision.ts';
import { explore, repeat, wander } from './explorer.ts';
import { type Operation, operations } from './operations.ts';
import { randomScript } from './random-script.ts';
import { parseScript, printScript, type Script, type Start } from './script.ts';

const { EXPLORE_RUNS, EXPLORE_FROM, EXPLORE_SEED, EXPLORE_ALL } = process.env;
const { EXPLORE_SCRIPT, EXPLORE_CHOICES } = process.env;

/** Milliseconds, where all orders are tried. */
const ALL_OF_THEM = 7_200_000;

/** Every two operations, one at each side or both at one. The nonces matter where both rekey the same. */
function scriptsWith(first: Operation): readonly Script[] {
  return operations.flatMap((second, index) => {
    const across: Script = { starts: [on('A', first), on('B', second)] };
    const collides = first === second && first.startsWith('rekey');
    const crossing = collides ? lowest.map((one) => ({ ...across, lowest: one })) : [across];
    // Two of one side are the same in either order: each pair once.
    const both = operations.indexOf(first) <= index ? (['A', 'B'] as const) : [];
    return [...crossing, ...both.map((side) => ({ starts: [on(side, first), on(side, second)] }))];
  });
}

function on(side: Start['side'], operation: Operation): Start {
  return { side, operation };
}

for (const first of operations) {
  test(`every order of ${first} and one other operation ends well`, async () => {
    for (const script of scriptsWith(first)) {
      const { endings } = await explore(script);
      expect(endings, printScript(script)).toBeGreaterThan(0);
    }
  });
}

if (EXPLORE_SCRIPT !== undefined) {
  test('one run by its choices', async () => {
    await repeat(parseScript(EXPLORE_SCRIPT), (EXPLORE_CHOICES ?? '').split(',').map(Number));
  });
}

for (const other of operations) {
  test(`EX-14: every order of reauth and ${other} ends well`, async () => {
    for (const starts of besides('reauth', other)) await explore({ starts });
  });
}

/** Orders tried of each: a move takes so many messages that all of them take an hour (`EXPLORE_ALL=1`). */
const samples = 15;

for (const other of operations) {
  test(
    `EX-15: move while the same side or the other does ${other}`,
    async () => {
      for (const starts of besides('move', other)) {
        if (EXPLORE_ALL !== undefined) await explore({ starts });
        else
          for (let seed = 1; seed <= samples; seed++)
            await wander({ starts }, new SeededRandom(seed));
      }
    },
    ALL_OF_THEM,
  );
}

/** Either side does one, and either the other. */
function besides(slow: Operation, other: Operation): readonly (readonly Start[])[] {
  const sides = ['A', 'B'] as const;
  return sides.flatMap((who) => sides.map((side) => [on(who, slow), on(side, other)]));
}

const only = EXPLORE_SEED === undefined ? undefined : Number(EXPLORE_SEED);
const first = only ?? Number(EXPLORE_FROM ?? 1);
const last = only ?? first + Number(EXPLORE_RUNS ?? 1000) - 1;
const batch = 100;

for (let from = first; from <= last; from += batch) {
  const to = Math.min(from + batch - 1, last);
  test(`longer scripts over a bad network end well, seeds ${from} to ${to}`, async () => {
    for (let seed = from; seed <= to; seed++) await randomScript(seed);
  });
}
