import type { Contents } from './check-run.ts';
import { atFolder } from './check-run.ts';
import { MemoryTerminal, swanctlOn } from './swanctl-run.ts';
import type { ViciBench } from './vici.ts';

/** What `swanctl --load-all` did. */
export interface Loaded {
  readonly code: number;
  /** Whether anything was left out. */
  readonly failed: boolean;
  readonly stderr: string;
}

/** Runs `swanctl --load-all --noprompt` over files of the folder of `check-run.ts`. */
export async function loadAll(bench: ViciBench, contents: Contents): Promise<Loaded> {
  const { code, stderr } = await swanctlOn(
    bench,
    ['--load-all', '--noprompt'],
    new MemoryTerminal(),
    atFolder(contents),
  );
  // A folder that is missing is said, and is no failure.
  const said = stderr.split('\n').filter((line) => !/^(opening directory .*)?$/.test(line));
  return { code, failed: code !== 0 || said.length > 0, stderr };
}
