import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type PartialPlan, plan } from '../lab/plan.ts';
import { sleep, waitFor } from '../lab/wait.ts';
import { xfrmPolicyCount } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { proveTraffic, type TunnelRun, withTunnel } from './tunnel-run.ts';

const BOB = ADDRESSES.sun[4].host;
const ALICE = ADDRESSES.moon[4].host;
const PLAIN = 'icmp or icmp6[icmp6type] == icmp6-echo';

const trapAt = (side: 'moon' | 'sun', more: ConfTree = {}): PartialPlan => ({
  extra: {
    moon: {},
    sun: {},
    [side]: { child: { start_action: 'trap', ...more } },
  } as NonNullable<PartialPlan['extra']>,
});

/** Lets the kernel hold packets back for an SA; by default it drops them. */
function holdPackets(host: Host): Promise<string> {
  return host.ok(['sysctl', '-qw', 'net.core.xfrm_larval_drop=0']);
}

/** Pings once, and tells whether the answer came. */
async function ping(from: Host, to: string): Promise<boolean> {
  return (await from.exec(['ping', '-c', '1', '-W', '3', to])).code === 0;
}

/** Packets of users that crossed the router readable. */
async function plaintext({ capture }: TunnelRun): Promise<readonly string[]> {
  return capture.packets(PLAIN);
}

describeWith('lab', 'traps with strongSwan', () => {
  const shared = sharedSites(strongswan);

  testWith(
    'lab',
    'a packet meets our trap: it arrives, and the trap is armed again after',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(trapAt('moon')), {}, async (run) => {
        const { moon } = run;
        expect(await moon.swanctlOk('--list-pols')).toBe(
          `gw/net, reqid 1, TUNNEL\n  local:  10.1.0.0/24\n  remote: 10.2.0.0/24\n`,
        );
        const policies = await moon.host.ok(['ip', 'xfrm', 'policy', 'list', 'nosock']);
        expect(policies.match(/priority 375424/g)).toHaveLength(3);
        expect(await moon.host.ok(['ip', 'route', 'show', 'table', '220'])).toContain(
          '10.2.0.0/24',
        );
        await holdPackets(moon.host);
        expect(await ping(sites.alice, BOB)).toBe(true);
        expect(moon.log()).toMatch(
          /creating acquire job for policy 10\.1\.0\.\d+\/32\[icmp\/8\] === 10\.2\.0\.\d+\/32\[icmp\] and reqid \{1\}/,
        );
        expect(await moon.swanctlOk('--list-sas')).toMatch(/net: #1, reqid 1, INSTALLED, TUNNEL/);
        await proveTraffic(run);

        await moon.swanctlOk('--terminate', '--child', 'net');
        const after = await moon.host.ok(['ip', 'xfrm', 'policy', 'list', 'nosock']);
        expect(after.match(/priority 375424/g)).toHaveLength(3);
        expect(await ping(sites.alice, BOB)).toBe(true);
        expect(await moon.establishedCount()).toBe(1);
        expect(await plaintext(run)).toEqual([]);

        expect(await moon.swanctlOk('--uninstall', '--child', 'net')).toContain('completed');
        expect(await moon.swanctlOk('--list-pols')).toBe('');
        expect((await moon.swanctl('--uninstall', '--child', 'net')).code).not.toBe(0);
        expect(await moon.swanctlOk('--install', '--child', 'net')).toContain('completed');
      });
    },
  );

  testWith('lab', 'after a failure the kernel asks again', async () => {
    const { sites, sun } = shared();
    const wrong = plan({ ...trapAt('moon'), secret: 'not the one' });
    await withTunnel(
      sites,
      sun,
      wrong,
      {},
      async (run) => {
        const jobs = (): number => run.moon.log().split('creating acquire job').length - 1;
        for (let i = 0; i < 16 && jobs() < 3; i++) {
          expect(await ping(sites.alice, BOB)).toBe(false);
          await sleep(300);
        }
        expect(jobs()).toBeGreaterThanOrEqual(3);
        expect(await plaintext(run)).toEqual([]);
      },
      plan(),
    );
  });

  testWith('lab', "a packet meets the peer's trap: it calls us", async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(trapAt('sun')), {}, async (run) => {
      await holdPackets(run.sun.host);
      expect(await ping(sites.bob, ALICE)).toBe(true);
      await proveTraffic(run);
      expect(await plaintext(run)).toEqual([]);
    });
  });

  testWith('lab', 'the peer closes: close_action = trap', async () => {
    const { sites, sun } = shared();
    const again: PartialPlan = {
      extra: { moon: { child: { close_action: 'trap' } }, sun: {} } as NonNullable<
        PartialPlan['extra']
      >,
    };
    await withTunnel(sites, sun, plan(again), {}, async (run) => {
      const { moon } = run;
      await holdPackets(moon.host);
      expect((await moon.initiate()).code).toBe(0);
      await sun.terminate();
      await waitFor('the trap', async () => (await moon.swanctlOk('--list-pols')).includes('net'));
      expect(await ping(sites.alice, BOB)).toBe(true);
      await proveTraffic(run);
    });
  });

  testWith('lab', 'kill -9 of us while packets flow: none leaves in the clear', async () => {
    const { sites, sun } = shared();
    const trapped = plan(trapAt('moon'));
    await withTunnel(sites, sun, trapped, {}, async (run) => {
      const { moon } = run;
      expect((await moon.initiate()).code).toBe(0);
      await proveTraffic(run);
      const flow = sites.alice.spawn(['ping', '-i', '0.01', BOB], '/run/flow.log');
      await sleep(500);
      await moon.kill();
      await sleep(300);
      await moon.start(trapped, 'moon');
      await waitFor('the tunnel to be back', async () => {
        return (await moon.swanctlOk('--list-sas')).includes('INSTALLED');
      });
      expect(await waitFor('an answer', () => ping(sites.alice, BOB))).toBe(true);
      // Longer than what is left of the predecessor stays.
      await sleep(6000);
      flow.kill('SIGTERM');
      await flow.ended;
      expect(await plaintext(run)).toEqual([]);
      expect(await xfrmPolicyCount(moon.host)).toBe(3);
    });
  });
});

describeWith('lab', 'shunts', () => {
  const shared = sharedSites(strongswan);

  testWith('lab', 'pass and drop: policies, routes and stock swanctl', async () => {
    const { sites, sun } = shared();
    const children: ConfTree = {
      byp: {
        mode: 'pass',
        local_ts: '10.1.0.0/24',
        remote_ts: '10.99.0.0/16',
        start_action: 'trap',
      },
      drp: { mode: 'drop', remote_ts: `${ADDRESSES.sun[4].gateway}/32[icmp]` },
    };
    const shunts: PartialPlan = {
      extra: { moon: { connection: { children } }, sun: {} } as NonNullable<PartialPlan['extra']>,
    };
    await withTunnel(sites, sun, plan(shunts), {}, async ({ moon }) => {
      const gateway = ADDRESSES.sun[4].gateway;
      expect(await ping(moon.host, gateway)).toBe(true);
      await moon.swanctlOk('--install', '--child', 'drp');
      expect(await moon.swanctlOk('--list-pols')).toBe(
        `gw/byp, reqid (null), PASS\n  local:  10.1.0.0/24\n  remote: 10.99.0.0/16\n` +
          `gw/drp, reqid (null), DROP\n  local:  dynamic\n  remote: ${gateway}/32[icmp]\n`,
      );
      expect(await moon.swanctlOk('--list-pols', '--drop', '--raw')).toBe(
        `list-policy event {gw/drp {child=drp ike=gw mode=DROP local-ts=[dynamic] remote-ts=[${gateway}/32[icmp]]}}\nlist-policies reply {}\n`,
      );
      const policies = await moon.host.ok(['ip', 'xfrm', 'policy', 'list', 'nosock']);
      expect(policies).toMatch(
        /src 10\.1\.0\.0\/24 dst 10\.99\.0\.0\/16 \n\tdir out priority 179519/,
      );
      expect(policies).toMatch(/src 0\.0\.0\.0\/0 dst \S+\/32 proto icmp \n\tdir out action block/);
      expect(await moon.host.ok(['ip', 'route', 'show', 'table', '220'])).toContain(
        'throw 10.99.0.0/16 proto static',
      );
      expect(await ping(moon.host, gateway)).toBe(false);
      await moon.swanctlOk('--uninstall', '--child', 'drp');
      expect(await ping(moon.host, gateway)).toBe(true);
    });
  });
});
