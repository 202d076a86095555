import { afterEach, expect, test, vi } from 'vitest';
import type { IkeSa } from '../../../daemon/ike/ike-sa.ts';
import { IkeSaTables } from '../../../daemon/ike/ike-sa-tables.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Counts the IKE_SAs that anybody looks at among those of one peer. */
function countLooks(): () => number {
  let looks = 0;
  for (const name of ['samePeer', 'samePeerCrossed'] as const) {
    const original = IkeSaTables.prototype[name];
    vi.spyOn(IkeSaTables.prototype, name).mockImplementation(function* (
      this: IkeSaTables,
      sa: IkeSa,
    ) {
      for (const other of original.call(this, sa)) {
        looks++;
        yield other;
      }
    });
  }
  return () => looks;
}

const CLIENTS = 60;
/** Looks for each client that do not depend on how many there are. */
const A_FEW = 12;

test.each([
  ['never', 'terminated by the gateway'],
  ['no', 'terminated by the gateway'],
  ['never', 'left behind'],
] as const)(
  'many users with one identity, unique = %s, %s: nobody walks through all of them',
  async (unique, end) => {
    const looks = countLooks();
    await using world = new World();
    const carol = await gateway(world, { unique });
    carol.pool('a', '10.3.0.0/16');
    const clients: WorldHost[] = [];
    for (let n = 0; n < CLIENTS; n++) {
      clients.push(await roadwarrior(world, n, { unique: 'never' }, 'shared'));
    }
    for (const one of clients)
      expect(await world.during(one.initiate('net'))).toEqual({ ok: true });
    expect(carol.established).toHaveLength(CLIENTS);
    if (end === 'left behind') {
      await world.during(carol.daemon.shutdown(), 60_000);
    } else {
      await world.during(carol.terminate({ ike: 'gw' }), 60_000);
    }
    await world.settle(() => clients.every((one) => one.sas.length === 0));
    expect(carol.sas).toEqual([]);
    expect(looks()).toBeLessThan(A_FEW * CLIENTS);
  },
);
