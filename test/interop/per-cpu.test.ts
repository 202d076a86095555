import { expect } from 'vitest';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { proveTraffic, withTunnel } from './tunnel-run.ts';

const child = { per_cpu_sas: 'yes' };
const trap = { ...child, start_action: 'trap' };

describeWith('lab', 'SAs per CPU with strongSwan', () => {
  const shared = sharedSites(strongswan);

  for (const asking of ['moon', 'sun'] as const) {
    testWith(
      ['lab', 'perCpuSas'],
      `a packet at ${asking} gets a fallback and the SA of its CPU`,
      async () => {
        const { sites, sun } = shared();
        const extra = {
          moon: { child: asking === 'moon' ? trap : child },
          sun: { child: asking === 'sun' ? trap : child },
        } as NonNullable<PartialPlan['extra']>;
        await withTunnel(sites, sun, plan({ extra }), {}, async (run) => {
          const { moon } = run;
          const [from, to] = asking === 'moon' ? [sites.alice, 'sun'] : [sites.bob, 'moon'];
          const address = ADDRESSES[to as 'sun' | 'moon'][4].host;
          const raw = () => moon.swanctlOk('--list-sas', '--raw');
          await waitFor('both CHILD_SAs', async () => {
            await from.exec(['ping', '-c', '1', '-W', '1', address]);
            const text = await raw();
            return /cpu=\d/.test(text) ? text : undefined;
          });
          expect((await raw()).match(/per-cpu-sas=yes/g)?.length).toBeGreaterThanOrEqual(2);
          await proveTraffic(run);
          expect(await moon.establishedCount()).toBe(1);
        });
      },
    );
  }
});
