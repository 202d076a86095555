import { SeededRandom } from '../seeded-random.ts';
import { wander } from './explorer.ts';
import { operations } from './operations.ts';

/** One random run over a bad network: up to four operations, two losses and a copy. Fails with its seed. */
export async function randomScript(seed: number): Promise<void> {
  const dice = new SeededRandom(seed);
  const starts = Array.from({ length: 2 + dice.below(3) }, () => ({
    side: dice.below(2) === 0 ? ('A' as const) : ('B' as const),
    operation: operations[dice.below(operations.length)] ?? 'dpd',
  }));
  try {
    await wander({ starts, seed, drops: dice.below(3), copies: dice.below(2) }, dice);
  } catch (error) {
    throw new Error(`EXPLORE_SEED=${seed}: ${String(error)}`, { cause: error });
  }
}
