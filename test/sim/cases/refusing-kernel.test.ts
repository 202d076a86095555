import { expect, test } from 'vitest';
import { ip } from '../../support/selectors.ts';
import { leavesInClear } from '../carry.ts';
import type { FakeOperation } from '../fake-kernel.ts';
import { conclude } from './ending.ts';
import type { SideName } from './names.ts';
import { single } from './setups.ts';
import type { Side } from './side.ts';
import { Stage } from './stage.ts';

/** What a kernel may refuse while a CHILD_SA is rekeyed; what removes something is not refused. */
const refusable: readonly FakeOperation[] = ['allocateSpi', 'addSa', 'addPolicy', 'addRoute'];

/** Calls that a rekeying makes at most on one side; the last ones of them must not be reached. */
const MANY = 30;

for (const where of ['A', 'B'] as const) {
  for (const errno of ['ENOMEM', 'EEXIST', 'ESRCH']) {
    test(`EX-20[${where}-${errno}] a kernel that refuses any one step of a rekeying`, async () => {
      let reached = 0;
      for (let call = 0; call < MANY; call++) if (await refusing(where, errno, call)) reached++;
      expect(reached).toBeGreaterThan(1);
      expect(reached).toBeLessThan(MANY);
    });
  }
}

const users = { source: ip('10.2.0.5'), destination: ip('10.1.0.5') };

/** The CHILD_SA is gone without anybody's wish: a trap keeps its traffic from leaving in the clear. */
async function heldBack(side: Side): Promise<void> {
  expect(leavesInClear(side.kernel, users), 'traffic without an SA').toBe(false);
  expect(await side.host.daemon.control.uninstall('net', undefined)).toMatchObject({ ok: true });
}

/** A rekeys while the kernel of one side refuses its n-th call; true if there was one. */
async function refusing(where: SideName, errno: string, call: number): Promise<boolean> {
  await using stage = await Stage.up({ ...single, printOnFailure: false });
  const [side] = stage.sides(where);
  let refused = false;
  side.kernel.refuse((operation, index) => {
    if (index !== call || !refusable.includes(operation)) return undefined;
    refused = true;
    return errno;
  });
  try {
    stage.a.rekey('O');
    for (;;) {
      const [text] = await stage.pending();
      if (text === undefined) break;
      // Without an SA to send through after the old one is gone, nothing can be kept up.
      if (text === 'A DELETE O' && where === 'B') stage.traffic.stop();
      await stage.deliver(text);
    }
    side.kernel.refuse(() => undefined);
    if (Object.keys(side.children).length === 0) await heldBack(side);
    await conclude(stage);
    return refused;
  } catch (error) {
    throw new Error(`call ${call} of ${where}: ${String(error)}\n${stage.world.ladder()}`, {
      cause: error,
    });
  }
}
