import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type ExtraSettings, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { proveTraffic, withTunnel } from './tunnel-run.ts';

/** A child with `per_cpu_sas`, with a trap on the side that asks. */
function settings(asking: Side, perCpu: 'yes' | 'encap'): NonNullable<PartialPlan['extra']> {
  const child = { per_cpu_sas: perCpu };
  const connection = perCpu === 'encap' ? { encap: 'yes' } : {};
  const of = (side: Side): ExtraSettings => ({
    child: asking === side ? { ...child, start_action: 'trap' } : child,
    connection,
  });
  return { moon: of('moon'), sun: of('sun') };
}

/** Source ports of the SAs in UDP of a kernel, what sends and what receives. */
async function ports(host: Host, direction: 'in' | 'out'): Promise<readonly number[]> {
  const states = (await xfrmStates(host)).filter(({ text }) => text.includes(`dir ${direction}`));
  return states.map(({ text }) => Number(/encap type espinudp sport (\d+)/.exec(text)?.[1]));
}

describeWith('lab', 'SAs per CPU with strongSwan', () => {
  const shared = sharedSites(strongswan);

  for (const asking of ['moon', 'sun'] as const) {
    testWith(
      ['lab', 'perCpuSas'],
      `a packet at ${asking} gets a fallback and the SA of its CPU`,
      async () => {
        const { sites, sun } = shared();
        const perCpu = asking === 'moon' ? 'encap' : 'yes';
        const extra = settings(asking, perCpu);
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
          if (perCpu === 'yes') return;
          for (const { host } of [moon, sun]) {
            const sending = await ports(host, 'out');
            expect(new Set(sending).size).toBe(sending.length);
            expect(sending).not.toContain(4500);
            expect(new Set(await ports(host, 'in'))).toEqual(new Set([0]));
          }
          // No packet was taken for the peer having moved to another port.
          const listed = await moon.swanctlOk('--list-sas');
          expect(listed).toContain(`@ ${ADDRESSES.sun[4].gateway}[4500]`);
        });
      },
    );
  }
});
