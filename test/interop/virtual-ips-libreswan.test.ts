import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { expectGone, withTunnel } from './tunnel-run.ts';

async function pings(from: Host, to: string): Promise<boolean> {
  const { code } = await from.exec(['ping', '-c', '3', '-i', '0.1', '-W', '2', to]);
  return code === 0;
}

/** libreswan asks for an address and takes the network that it is given. */
const ASKING: PartialPlan = {
  extra: {
    moon: {
      connection: { pools: 'four' },
      child: { remote_ts: 'dynamic' },
      pools: { four: { addrs: '10.3.0.0/24', dns: '10.1.0.53' } },
    },
    sun: { libreswan: { leftmodecfgclient: 'yes', leftsubnet: '0.0.0.0/0', narrowing: 'yes' } },
  },
};

const GIVING: PartialPlan = {
  extra: {
    moon: { connection: { vips: '0.0.0.0' }, child: { local_ts: 'dynamic' } },
    sun: {
      libreswan: {
        leftmodecfgserver: 'yes',
        rightmodecfgclient: 'yes',
        rightaddresspool: '10.3.0.1-10.3.0.9',
        rightsubnet: '',
      },
    },
  },
};

describeWith(['lab', ...libreswan.needs], 'virtual IPs with libreswan', () => {
  const shared = sharedSites(libreswan);

  testWith('lab', 'it asks, we assign: traffic from its address', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(ASKING), {}, async (run) => {
      expect((await sun.initiate()).code).toBe(0);
      expect(await run.moon.swanctlOk('--list-sas')).toContain('10.3.0.1/32');
      expect(await pings(sites.sun, ADDRESSES.moon[4].inner)).toBe(true);
      // It would connect again if we did.
      expect((await sun.terminate()).code).toBe(0);
      await expectGone(run);
    });
  });

  testWith('lab', 'we ask, it assigns: the address is ours for as long as the tunnel', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(GIVING), {}, async (run) => {
      await run.moon.swanctlOk('--initiate', '--child', 'net');
      expect(await sites.moon.ok(['ip', '-o', 'address'])).toContain('10.3.0.1/32');
      expect(await pings(sites.moon, ADDRESSES.sun[4].inner)).toBe(true);
      await run.moon.swanctlOk('--terminate', '--ike', 'gw');
      expect(await sites.moon.ok(['ip', '-o', 'address'])).not.toContain('10.3.0.1/32');
      await expectGone(run);
    });
  });
});
