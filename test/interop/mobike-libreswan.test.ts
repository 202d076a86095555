import { afterAll, beforeAll, expect } from 'vitest';
import { ADDRESSES, plan } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { libreswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, takeDown, withTunnel } from './tunnel-run.ts';
import { at, restore, SECOND, secondWay, TOLERATED } from './two-ways.ts';

describeWith(['lab', 'libreswan'], 'MOBIKE with libreswan', () => {
  let sites: Sites;
  beforeAll(async () => {
    sites = await makeSites('mobike-libreswan', 'libreswan');
    await secondWay(sites.router, sites.moon, 'moon');
  });
  afterAll(() => sites[Symbol.asyncDispose]());

  testWith('lab', 'moon initiated, the interface of moon goes down', async () => {
    const moon = { connection: { mobike: 'yes', local_addrs: '%any' } };
    const extra = { moon, sun: { libreswan: { mobike: 'yes', right: '%any' } } };
    await withTunnel(sites, libreswan.make(sites.sun), plan({ extra }), {}, async (run) => {
      try {
        await establish(run, 'moon');
        const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
        await sleep(300);
        await sites.moon.sh('ip link set wan down');
        await waitFor('the SAs on the other way', () => at(run, SECOND.moon.gateway));
        await sleep(500);
        const { lost, received, text } = await stream.stop();
        expect(lost, `${text}${run.moon.log()}`).toBeLessThan(TOLERATED);
        expect(received).toBeGreaterThan(20);
        await takeDown(run, 'moon');
      } finally {
        await restore(sites.moon, 'moon');
      }
    });
  });
});
