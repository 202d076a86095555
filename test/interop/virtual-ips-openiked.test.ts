import { expect } from 'vitest';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { openiked } from './peers.ts';
import { expectGone, withTunnel } from './tunnel-run.ts';

const SECRET = 'psk "a secret of the lab"';

async function pings(host: Host, from: string, to: string): Promise<boolean> {
  const { code } = await host.exec(['ping', '-c', '3', '-i', '0.1', '-W', '2', '-I', from, to]);
  return code === 0;
}

/** iked puts the address that it is given on a device. With `dynamic` it asks for 0.0.0.0/32, which charon refuses as well. */
const ASKING: PartialPlan = {
  esp: 'aes128-sha512',
  secret: 'a secret of the lab',
  extra: {
    moon: {
      connection: { pools: 'four' },
      child: { remote_ts: 'dynamic' },
      pools: { four: { addrs: '10.3.0.0/24', dns: '10.1.0.53' } },
    },
    sun: {
      openikedTraffic: `from 0.0.0.0/0 to ${ADDRESSES.moon[4].net}`,
      openiked: `${SECRET} request address any iface given`,
    },
  },
};

const GIVING: PartialPlan = {
  esp: 'aes128-sha512',
  secret: 'a secret of the lab',
  extra: {
    moon: { connection: { vips: '0.0.0.0' }, child: { local_ts: 'dynamic' } },
    sun: {
      openikedTraffic: `from ${ADDRESSES.sun[4].net} to dynamic`,
      openiked: `${SECRET} config address 10.3.0.0/24 config name-server 10.2.0.53`,
    },
  },
};

describeWith(['lab', ...openiked.needs], 'virtual IPs with OpenIKED', () => {
  const shared = sharedSites(openiked);

  testWith('lab', 'it asks, we assign: traffic from its address', async () => {
    const { sites, sun } = shared();
    await sites.sun.sh('ip link add given type dummy; ip link set given up');
    await withTunnel(sites, sun, plan(ASKING), {}, async (run) => {
      expect((await sun.initiate()).code).toBe(0);
      expect(await run.moon.swanctlOk('--list-sas')).toContain('10.3.0.1/32');
      expect(await pings(sites.sun, '10.3.0.1', ADDRESSES.moon[4].inner)).toBe(true);
    });
  });

  testWith('lab', 'we ask, it assigns: the address is ours for as long as the tunnel', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(GIVING), {}, async (run) => {
      await run.moon.swanctlOk('--initiate', '--child', 'net');
      const listed = await sites.moon.ok(['ip', '-o', 'address']);
      const [given = ''] = /10\.3\.0\.\d+/.exec(listed) ?? [];
      expect(await pings(sites.moon, given, ADDRESSES.sun[4].inner)).toBe(true);
      await run.moon.swanctlOk('--terminate', '--ike', 'gw');
      expect(await sites.moon.ok(['ip', '-o', 'address'])).not.toContain('10.3.0.');
      await expectGone(run);
    });
  });
});
