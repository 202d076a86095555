import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, takeDown, withTunnel } from './tunnel-run.ts';

describeWith('lab', 'a NAT that is rebound, with strongSwan', () => {
  const shared = sharedSites(strongswan);
  const cases = [
    { family: 4, mobike: 'yes', hidden: 'moon' },
    { family: 4, mobike: 'yes', hidden: 'sun' },
    { family: 4, mobike: 'no', hidden: 'moon' },
    { family: 4, mobike: 'no', hidden: 'sun' },
    { family: 6, mobike: 'no', hidden: 'sun' },
  ] as const;
  for (const { family, mobike, hidden } of cases) {
    testWith('lab', `IPv${family}, ${hidden} behind the NAT, mobike = ${mobike}`, async () => {
      const { sites, sun } = shared();
      const extra = { connection: { mobike } };
      const part: PartialPlan = { family, hidden, dpdDelay: 1, extra: { moon: extra, sun: extra } };
      await forgetSoon(sites.router);
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, hidden);
        await rebind(sites.router, hidden === 'moon' ? 'to-sun' : 'to-moon');
        // Both ways work again, whatever noticed it.
        const [near, far] =
          hidden === 'moon' ? ([sites.alice, 'sun'] as const) : ([sites.bob, 'moon'] as const);
        const { host } = ADDRESSES[far][family];
        await waitFor('answers through the tunnel', () => answers(near, host), 20_000);
        const stream = Stream.start(sites.alice, ADDRESSES.sun[family].host);
        await sleep(500);
        const { lost, received } = await stream.stop();
        expect(lost).toBe(0);
        expect(received).toBeGreaterThan(5);
        await takeDown(run, hidden);
      });
    });
  }
});

/** Whether a host gets an answer from one behind the other gateway. */
async function answers(from: Host, far: string): Promise<boolean> {
  return (await from.exec(['ping', '-c', '1', '-W', '1', far])).code === 0;
}

/** Makes a router forget its translations and choose other ports from now on. */
async function rebind(router: Host, outDevice: string): Promise<void> {
  await router.sh(`nft add table inet lab-pause
nft 'add chain inet lab-pause pre { type filter hook prerouting priority raw; }'
nft add rule inet lab-pause pre udp dport 1-65535 drop
sleep 4
nft flush ruleset
for family in ip ip6; do
  nft add table $family lab
  nft "add chain $family lab post { type nat hook postrouting priority srcnat; }"
  nft add rule $family lab post oifname ${outDevice} meta l4proto udp masquerade to :30000-31000
  nft add rule $family lab post oifname ${outDevice} masquerade
done`);
}

/** Lets a router keep translations for so short that a pause ends them. */
async function forgetSoon(router: Host): Promise<void> {
  const timeouts = ['udp_timeout', 'udp_timeout_stream'];
  for (const name of timeouts) {
    await router.ok(['sysctl', '-qw', `net.netfilter.nf_conntrack_${name}=3`]);
  }
}
