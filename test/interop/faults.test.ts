import { expect } from 'vitest';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, proveTraffic, type TunnelRun, takeDown, withTunnel } from './tunnel-run.ts';

/** Milliseconds for which our process gets no time. */
const STOPPED = 20_000;
const YEAR = 365 * 24 * 3600;
/** SAs that are taken away while they are rekeyed. */
const ROUNDS = 5;

const watchful: PartialPlan = {
  extra: { moon: { connection: { dpd_delay: '2s' } }, sun: { connection: { dpd_delay: '2s' } } },
};

describeWith('lab', 'faults of the host, with strongSwan', () => {
  const shared = sharedSites(strongswan);
  const run = async (part: PartialPlan, body: (run: TunnelRun) => Promise<void>): Promise<void> => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(part), {}, async (tunnel) => {
      await establish(tunnel, 'moon');
      await body(tunnel);
      await proveTraffic(tunnel);
      expect(tunnel.moon.log()).not.toMatch(/internal error|giving up/);
      await takeDown(tunnel, 'moon');
    });
  };

  testWith('lab', 'stopped for 20 s: traffic flows on, and the tunnel is the same afterwards', () =>
    run(watchful, async ({ sites, moon, sun }) => {
      const before = await spis(sites.moon);
      const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
      await sites.moon.sh(`kill -STOP ${moon.pid}`);
      await sleep(STOPPED);
      const asked = count(moon.log(), 'sending DPD request');
      await sites.moon.sh(`kill -CONT ${moon.pid}`);
      await waitFor('the peer to be answered', () => {
        const [, after = ''] = sun.log().split('retransmit 2 of request');
        return after.includes('parsed INFORMATIONAL response');
      });
      expect(count(moon.log(), 'sending DPD request') - asked).toBeLessThanOrEqual(1);
      const { sent, lost, text } = await stream.stop();
      expect(sent, text).toBeGreaterThan(200);
      expect(lost, text).toBe(0);
      expect(await spis(sites.moon)).toEqual(before);
    }),
  );

  testWith(
    'lab',
    'the time of day set on by a year and back: the SAs stay, and nothing is lost',
    () =>
      run(watchful, async ({ sites, moon }) => {
        const before = await spis(sites.moon);
        const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
        for (const jump of [YEAR, -YEAR]) {
          await sleep(1000);
          await sites.moon.sh(`date -s @$(($(date +%s) + ${jump}))`);
          await sleep(3000);
          expect(await spis(sites.moon)).toEqual(before);
        }
        const { sent, lost, text } = await stream.stop();
        expect(sent, text).toBeGreaterThan(200);
        expect(lost, text).toBe(0);
        await moon.swanctlOk('--rekey', '--child', 'net');
        await waitFor('the CHILD_SA to be replaced', async () =>
          (await spis(sites.moon)).every((spi) => !before.includes(spi)),
        );
      }),
  );

  testWith('lab', `SAs taken away by hand at any moment of ${ROUNDS} rekeyings`, () =>
    run({}, async (tunnel) => {
      const { sites, moon } = tunnel;
      for (let round = 0; round < ROUNDS; round++) {
        const rekeying = moon.swanctl('--rekey', '--child', 'net');
        await sleep(round * 40);
        await sites.moon.sh('ip xfrm state deleteall');
        await rekeying;
        // What is gone is gone; the next rekeying brings what is missing.
        await sleep(300);
        await moon.swanctlOk('--rekey', '--child', 'net');
        const ping = ['ping', '-c', '1', '-W', '1', ADDRESSES.sun[4].host];
        await waitFor('traffic', async () => (await sites.alice.exec(ping)).code === 0);
      }
    }),
  );
});

async function spis(host: Parameters<typeof xfrmStates>[0]): Promise<readonly string[]> {
  return (await xfrmStates(host)).map(({ spi }) => spi).sort();
}

function count(text: string, part: string): number {
  return text.split(part).length - 1;
}
