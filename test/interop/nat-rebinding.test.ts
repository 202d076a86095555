import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, takeDown, withTunnel } from './tunnel-run.ts';

describeWith('lab', 'a NAT that is rebound, with strongSwan', () => {
  const shared = sharedSites(strongswan);
  for (const mobike of ['yes', 'no'] as const) {
    for (const hidden of ['moon', 'sun'] as const) {
      testWith('lab', `${hidden} behind the NAT, mobike = ${mobike}`, async () => {
        const { sites, sun } = shared();
        const settings = { connection: { mobike } };
        const part: PartialPlan = { hidden, dpdDelay: 1, extra: { moon: settings, sun: settings } };
        await forgetSoon(sites.router);
        await withTunnel(sites, sun, plan(part), {}, async (run) => {
          await establish(run, hidden);
          await rebind(sites.router, hidden === 'moon' ? 'to-sun' : 'to-moon');
          // Both ways work again, whatever noticed it.
          const [near, far] =
            hidden === 'moon' ? ([sites.alice, 'sun'] as const) : ([sites.bob, 'moon'] as const);
          await waitFor('answers through the tunnel', () => answers(near, far), 20_000);
          const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
          await sleep(500);
          const { lost, received } = await stream.stop();
          expect(lost).toBe(0);
          expect(received).toBeGreaterThan(5);
          await takeDown(run, hidden);
        });
      });
    }
  }
});

/** Whether a host behind one gateway gets an answer from the one behind the other. */
async function answers(from: Host, far: Side): Promise<boolean> {
  const ping = await from.exec(['ping', '-c', '1', '-W', '1', ADDRESSES[far][4].host]);
  return ping.code === 0;
}

/** Makes a router forget its translations and choose other ports from now on. */
async function rebind(router: Host, outDevice: string): Promise<void> {
  await router.sh(`nft add table ip lab-pause
nft 'add chain ip lab-pause pre { type filter hook prerouting priority raw; }'
nft add rule ip lab-pause pre udp dport 1-65535 drop
sleep 4
nft flush ruleset
nft add table ip lab
nft 'add chain ip lab post { type nat hook postrouting priority srcnat; }'
nft add rule ip lab post oifname ${outDevice} ip protocol udp masquerade to :30000-31000
nft add rule ip lab post oifname ${outDevice} masquerade`);
}

/** Lets a router keep translations for so short that a pause ends them. */
async function forgetSoon(router: Host): Promise<void> {
  const timeouts = ['udp_timeout', 'udp_timeout_stream'];
  for (const name of timeouts) {
    await router.ok(['sysctl', '-qw', `net.netfilter.nf_conntrack_${name}=3`]);
  }
}
