import { expect } from 'vitest';
import { setWeather } from '../lab/links.ts';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { ROUTER_DEVICE } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmPolicyCount, xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, takeDown, withTunnel } from './tunnel-run.ts';

/** Seconds of bad weather; `SOAK_SECONDS=3600` is the long run. */
const { SOAK_SECONDS } = process.env;
const seconds = Number(SOAK_SECONDS ?? 60);

/** Rekeying of everything every few seconds, by both sides, with retransmission to match. */
const hurried = {
  charon: { retransmit_timeout: '0.5', retransmit_base: '1.2', retransmit_tries: 12 },
  connection: { rekey_time: '15s', rand_time: '5s', over_time: '600s', dpd_delay: '5s' },
  child: { rekey_time: '4s', rand_time: '2s', life_time: '600s' },
};
const part: PartialPlan = { dpdDelay: 5, extra: { moon: hurried, sun: hurried } };

/** Octets of memory that may come and go without anything being kept. */
const BREATHING = 24 * 2 ** 20;

describeWith('lab', 'with strongSwan in bad weather', () => {
  const shared = sharedSites(strongswan);
  testWith(
    'lab',
    `${seconds} s of rekeying with 10 % loss, 5 % duplicates, reordering, 1 % corruption`,
    async () => {
      const { sites, sun } = shared();
      const devices = Object.values(ROUTER_DEVICE);
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, 'moon');
        await setWeather(sites.router, devices, {
          delayMillis: 5,
          loss: 10,
          duplicate: 5,
          reorder: 5,
          corrupt: 1,
        });
        const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
        const memory: number[] = [];
        const most = { ike: 0, states: 0 };
        const end = Date.now() + seconds * 1000;
        while (Date.now() < end) {
          await new Promise((resolve) => setTimeout(resolve, 3000));
          memory.push(residentOctets(run.moon.host.read(`/proc/${run.moon.pid}/status`) ?? ''));
          most.ike = Math.max(most.ike, await ikeSas(run.moon));
          most.states = Math.max(most.states, (await xfrmStates(run.moon.host)).length);
        }
        const { sent, received, text } = await stream.stop();
        await setWeather(sites.router, devices, {});
        console.info(
          `soak: ${seconds} s, ${received} of ${sent} pings, at most ${most.ike} IKE_SAs and ${most.states} kernel SAs, ` +
            `memory ${memory.map((octets) => Math.round(octets / 2 ** 20)).join(' ')} MB`,
        );
        // Each ping crosses the router twice, where one packet in ten is lost and one in a hundred spoilt.
        expect(received / sent, text).toBeGreaterThan(0.6);
        expect(most.ike).toBeLessThanOrEqual(6);
        const rekeyed = run.moon.log().match(/IKE_SA gw\[\d+\] rekeyed between/g) ?? [];
        expect(rekeyed.length).toBeGreaterThan(seconds / 30);
        const half = Math.ceil(memory.length / 2);
        const level = (part: readonly number[]): number => Math.min(...part);
        expect(level(memory.slice(half)) - level(memory.slice(0, half))).toBeLessThan(BREATHING);

        const settled = async (): Promise<boolean> =>
          (await ikeSas(run.moon)) === 1 &&
          (await sun.establishedCount()) === 1 &&
          (await xfrmStates(run.moon.host)).length <= 4;
        await waitFor('one IKE_SA and one CHILD_SA to be left', settled, 60_000);
        expect(await xfrmPolicyCount(run.moon.host)).toBe(3);
        expect(run.moon.log()).not.toMatch(/internal error|TypeError|RangeError/);
        await takeDown(run, 'moon');
      });
    },
    seconds * 1000 + 150_000,
  );
});

async function ikeSas(moon: {
  swanctlOk(...args: readonly string[]): Promise<string>;
}): Promise<number> {
  return ((await moon.swanctlOk('--list-sas')).match(/^gw: #/gm) ?? []).length;
}

/** VmRSS of /proc/PID/status, in octets. */
function residentOctets(status: string): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
