import type { SeededRandom } from '../seeded-random.ts';
import { printScript, type Script, ScriptRun } from './script.ts';

/** What an exploration has seen. */
export interface Explored {
  readonly runs: number;
  readonly states: number;
  readonly endings: number;
}

/** More runs than this must be a script that never ends. */
const MAX_RUNS = 100_000;

/**
 * Tries every order in which a script can happen, depth first. A state that was reached before in another order is not
 * explored twice: a daemon is a function of what it saw.
 */
export async function explore(script: Script): Promise<Explored> {
  const seen = new Set<string>();
  const open: (readonly number[])[] = [[]];
  let runs = 0;
  let endings = 0;
  for (let prefix = open.pop(); prefix !== undefined; prefix = open.pop()) {
    runs += 1;
    if (runs > MAX_RUNS) throw new RangeError(`${printScript(script)}: more than ${runs} runs`);
    if (await follow(script, prefix, seen, open)) endings += 1;
  }
  return { runs, states: seen.size, endings };
}

/** One run along a prefix and then by first choices; alternatives are left for later. True if it came to an end. */
async function follow(
  script: Script,
  prefix: readonly number[],
  seen: Set<string>,
  open: (readonly number[])[],
): Promise<boolean> {
  return guarded(script, async (run, taken) => {
    for (;;) {
      const choices = await run.choices();
      const depth = taken.length;
      if (depth >= prefix.length) {
        if (seen.has(run.state)) return false;
        seen.add(run.state);
        for (let other = choices.length - 1; other > 0; other--) open.push([...taken, other]);
      }
      const choice = choices[prefix[depth] ?? 0];
      if (choice === undefined) break;
      taken.push(prefix[depth] ?? 0);
      await run.take(choice);
    }
    await run.end();
    return true;
  });
}

/** One run of a script in which chance decides. */
export async function wander(script: Script, dice: SeededRandom): Promise<void> {
  await guarded(script, async (run, taken) => {
    for (;;) {
      const choices = await run.choices();
      if (choices.length === 0) break;
      const index = dice.below(choices.length);
      const choice = choices[index];
      if (choice === undefined) break;
      taken.push(index);
      await run.take(choice);
    }
    await run.end();
    return true;
  });
}

/** Repeats one run by its choices, with everything that helps to understand it. */
export async function repeat(script: Script, path: readonly number[]): Promise<void> {
  await using run = await ScriptRun.begin(script);
  try {
    for (const index of path) {
      const choice = (await run.choices())[index];
      if (choice === undefined) throw new RangeError(`there is no choice ${index} here`);
      await run.take(choice);
    }
    await run.end();
  } catch (error) {
    throw new Error(`${String(error)}\n${run.ladder}`, { cause: error });
  }
}

/** A run costs little as long as it ends well; one that does not is repeated for its ladder. */
async function guarded(
  script: Script,
  body: (run: ScriptRun, taken: number[]) => Promise<boolean>,
): Promise<boolean> {
  const taken: number[] = [];
  await using run = await ScriptRun.begin(script, true);
  try {
    return await body(run, taken);
  } catch (error) {
    const how = `EXPLORE_SCRIPT='${printScript(script)}' EXPLORE_CHOICES=${taken.join(',')}`;
    const again = await repeat(script, taken).then(() => 'repeated, it ends well', String);
    throw new Error(`${how}\n${run.log.join('\n')}\n${String(error)}\n${again}`, { cause: error });
  }
}
