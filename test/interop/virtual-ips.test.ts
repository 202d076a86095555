import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'vitest';
import type { CharonGateway } from '../lab/charon-gateway.ts';
import type { ConfTree } from '../lab/conf-text.ts';
import type { Host } from '../lab/host.ts';
import type { ManyClients } from '../lab/many-clients.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { ADDRESSES, type ExtraSettings, type PartialPlan, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { expectGone, type TunnelRun, withTunnel } from './tunnel-run.ts';

const RESOLV_CONF = 'nameserver 192.0.2.53\nsearch example.org\n';

/** Settings of a side that hands out addresses, and of the one that asks for them. */
function server(pools: ConfTree, more: ExtraSettings = {}): ExtraSettings {
  const names = Object.keys(pools).join(',');
  return {
    ...more,
    connection: { pools: names, ...more.connection },
    child: { remote_ts: 'dynamic', ...more.child },
    pools,
  };
}

function client(vips: string, more: ExtraSettings = {}): ExtraSettings {
  return { ...more, connection: { vips }, child: { local_ts: 'dynamic', ...more.child } };
}

const FOUR = { addrs: '10.3.0.0/24', dns: '10.1.0.53' };
const SIX = { addrs: 'fd03::/64', dns: 'fd01::53', subnet: 'fd01::/64' };

async function addressesOf(host: Host): Promise<string> {
  return host.ok(['ip', '-o', 'address', 'show', 'dev', 'wan']);
}

/** The initiator's SPI of our only IKE_SA. */
async function spiOf(moon: CharonGateway): Promise<string | undefined> {
  return /([0-9a-f]{16})_i/.exec(await moon.swanctlOk('--list-sas'))?.[1];
}

async function pings(from: Host, to: string): Promise<boolean> {
  const { code } = await from.exec(['ping', '-c', '3', '-i', '0.1', '-W', '2', to]);
  return code === 0;
}

describeWith('lab', 'virtual IPs with strongSwan', () => {
  const shared = sharedSites(strongswan);

  testWith(
    'lab',
    'it asks, we assign: both families, DNS, traffic, the same address again',
    async () => {
      const { sites, sun } = shared();
      const both: PartialPlan = {
        extra: {
          moon: server({ four: FOUR, six: SIX }, { child: { local_ts: '10.1.0.0/24,fd01::/64' } }),
          sun: client('0.0.0.0,::', { child: { remote_ts: '10.1.0.0/24,fd01::/64' } }),
        },
      };
      await sites.sun.write('/etc/resolv.conf', RESOLV_CONF, 0o644);
      await withTunnel(sites, sun, plan(both), {}, async (run) => {
        const { moon } = run;
        for (let round = 0; round < 2; round++) {
          expect((await sun.initiate()).code).toBe(0);
          expect(await moon.swanctlOk('--list-sas')).toMatch(/\[10\.3\.0\.1 fd03::1\]/);
          expect(await addressesOf(sites.sun)).toMatch(/10\.3\.0\.1\/32[\s\S]*fd03::1\/128/);
          // From the virtual IP: strongSwan's own address is in no selector.
          expect(await pings(sites.sun, ADDRESSES.moon[4].host)).toBe(true);
          expect(await pings(sites.sun, ADDRESSES.moon[6].host)).toBe(true);
          expect(await run.capture.packets('icmp[icmptype] == icmp-echo')).toEqual([]);
          expect(sites.sun.read('/etc/resolv.conf')).toContain(
            'nameserver 10.1.0.53   # by strongSwan',
          );
          const leases = await moon.swanctlOk('--list-pools', '--leases');
          expect(leases).toMatch(/^four +10\.3\.0\.1 +1 \/ 0 \/ 254$/m);
          expect(leases).toMatch(/^six +fd03::1 +1 \/ 0 \/ 2147483646$/m);
          expect(leases).toMatch(/^ {2}10\.3\.0\.1 +online +'sun\.example\.org'$/m);
          await sun.terminate();
          await expectGone(run);
          expect(await moon.swanctlOk('--list-pools', '--leases')).toMatch(
            /^ {2}10\.3\.0\.1 +offline +'sun\.example\.org'$/m,
          );
        }
      });
    },
  );

  testWith('lab', 'we ask, it assigns: both families, DNS in and out, traffic', async () => {
    const { sites, sun } = shared();
    const both: PartialPlan = {
      extra: {
        moon: client('0.0.0.0,::', { child: { remote_ts: '10.2.0.0/24,fd02::/64' } }),
        sun: server(
          { four: { ...FOUR, dns: '10.2.0.53' }, six: { ...SIX, dns: 'fd02::53' } },
          { child: { local_ts: '10.2.0.0/24,fd02::/64' } },
        ),
      },
    };
    sites.moon.write('/etc/resolv.conf', RESOLV_CONF, 0o644);
    await withTunnel(sites, sun, plan(both), {}, async (run) => {
      const { moon } = run;
      const before = await addressesOf(sites.moon);
      expect((await moon.initiate()).code).toBe(0);
      expect(await moon.swanctlOk('--list-sas')).toMatch(/\[10\.3\.0\.1 fd03::1\]/);
      expect(await addressesOf(sites.moon)).toMatch(/10\.3\.0\.1\/32[\s\S]*fd03::1\/128/);
      const routes = await sites.moon.ok(['ip', 'route', 'show', 'table', '220']);
      expect(routes).toMatch(/^10\.2\.0\.0\/24 .*src 10\.3\.0\.1/m);
      expect(await pings(sites.moon, ADDRESSES.sun[4].host)).toBe(true);
      expect(await pings(sites.moon, ADDRESSES.sun[6].host)).toBe(true);
      expect(await run.capture.packets('icmp[icmptype] == icmp-echo')).toEqual([]);
      await waitFor('the DNS servers', () =>
        (sites.moon.read('/etc/resolv.conf') ?? '').includes(
          'nameserver fd02::53   # by strongSwan',
        ),
      );
      expect(sites.moon.read('/etc/resolv.conf')).toContain(
        'nameserver 10.2.0.53   # by strongSwan',
      );
      await moon.terminate();
      await expectGone(run);
      expect(await addressesOf(sites.moon)).toBe(before);
      await waitFor(
        'the DNS servers to go',
        () => sites.moon.read('/etc/resolv.conf') === RESOLV_CONF,
      );
      expect(await sites.moon.ok(['ip', 'route', 'show', 'table', '220'])).toBe('');
    });
  });

  testWith(
    'lab',
    'kill -9 of us as client: the next start takes address and DNS servers away',
    async () => {
      const { sites, sun } = shared();
      const four: PartialPlan = {
        extra: { moon: client('0.0.0.0'), sun: server({ four: { ...FOUR, dns: '10.2.0.53' } }) },
      };
      sites.moon.write('/etc/resolv.conf', RESOLV_CONF, 0o644);
      await withTunnel(sites, sun, plan(four), {}, async ({ moon, plan: whole }) => {
        expect((await moon.initiate()).code).toBe(0);
        await waitFor('the DNS server', () =>
          (sites.moon.read('/etc/resolv.conf') ?? '').includes('10.2.0.53'),
        );
        await moon.kill();
        expect(await addressesOf(sites.moon)).toContain('10.3.0.1/32');
        await moon.start(whole, 'moon');
        expect(sites.moon.read('/etc/resolv.conf')).toBe(RESOLV_CONF);
        // As long as the policies of the killed daemon are in force, packets keep the source those are about.
        await waitFor('the address to go', async () => {
          return !(await addressesOf(sites.moon)).includes('10.3.0.1');
        });
        // And it gets the same address, while the peer still believes in the old IKE_SA.
        expect((await moon.initiate()).code).toBe(0);
        expect(await addressesOf(sites.moon)).toContain('10.3.0.1/32');
      });
    },
  );

  testWith(
    'lab',
    'refusals say the same on both sides: no address left, none asked for',
    async () => {
      const { sites, sun } = shared();
      const peer = sun as CharonGateway;
      const attempts = [
        {
          vips: '0.0.0.0',
          pools: { none: { addrs: 'fd03::/64' } },
          notify: 'INTERNAL_ADDRESS_FAILURE',
        },
        { vips: '', pools: { four: FOUR }, notify: 'FAILED_CP_REQUIRED' },
      ];
      for (const { vips, pools, notify } of attempts) {
        for (const side of ['moon', 'sun'] as const) {
          const extra =
            side === 'moon'
              ? { moon: client(vips), sun: server(pools) }
              : { moon: server(pools), sun: client(vips) };
          await withTunnel(sites, sun, plan({ extra }), {}, async ({ moon }) => {
            const initiator = side === 'moon' ? moon : peer;
            expect((await initiator.initiate()).code).not.toBe(0);
            const text = `received ${notify} notify, no CHILD_SA built`;
            await waitFor('the initiator to say so', () => initiator.log().includes(text));
            await waitFor('us to say so', () =>
              moon.log().includes(side === 'moon' ? text : `sending ${notify}`),
            );
            expect(await moon.establishedCount()).toBe(1);
            expect(await xfrmStates(sites.moon)).toEqual([]);
          });
        }
      }
    },
  );

  testWith(
    'lab',
    'the stock swanctl: --load-pools, --list-pools; a pool in use is kept',
    async () => {
      const { sites, sun } = shared();
      const four: PartialPlan = { extra: { moon: server({ four: FOUR }), sun: client('0.0.0.0') } };
      await withTunnel(sites, sun, plan(four), {}, async ({ moon }) => {
        const load = async (pools: string) => {
          moon.host.write('/etc/swanctl/pools-only.conf', pools);
          return moon.swanctl('--load-pools', '--file', '/etc/swanctl/pools-only.conf');
        };
        const more =
          'pools { four { addrs = 10.3.0.0/24 \n dns = 10.1.0.54, fd01::54 \n 25 = corp.example } \n';
        const loaded = await load(
          `${more} other { addrs = 10.9.0.1-10.9.0.3 \n split_include = 10.0.0.0/8 } }`,
        );
        expect(loaded.stdout).toContain('successfully loaded 2 pools, 0 unloaded');
        expect((await sun.initiate()).code).toBe(0);
        const changed = await load('pools { four { addrs = 10.4.0.0/24 } }');
        expect(changed.code).not.toBe(0);
        expect(`${changed.stdout}${changed.stderr}`).toContain(
          'vici pool four has online leases, unable to replace',
        );
        const bad = await load('pools { bad { addrs = 10.4.0.0/24 \n wins = 10.0.0.1 } }');
        expect(`${bad.stdout}${bad.stderr}`).toContain('invalid attribute: wins');
        expect(await moon.swanctlOk('--list-pools')).toMatch(/^four +10\.3\.0\.1 +1 \/ 0 \/ 254$/m);
        await sun.terminate();
        expect((await load('pools { }')).stdout).toContain('unloaded');
        expect(await moon.swanctlOk('--list-pools')).not.toContain('four');
      });
    },
  );

  testWith(
    'lab',
    'rekeying and reauthentication by the client keep the address, and traffic flows',
    async () => {
      const { sites, sun } = shared();
      for (const side of ['moon', 'sun'] as const) {
        const there = side === 'moon' ? '10.2.0.0/24' : '10.1.0.0/24';
        const asks = client('0.0.0.0', { child: { remote_ts: there } });
        const gives = server({ four: FOUR }, { child: { local_ts: there } });
        const extra = side === 'moon' ? { moon: asks, sun: gives } : { moon: gives, sun: asks };
        await withTunnel(sites, sun, plan({ extra }), {}, async ({ moon }) => {
          const initiator = side === 'moon' ? moon : (sun as CharonGateway);
          const { host } = initiator;
          const target = ADDRESSES[side === 'moon' ? 'sun' : 'moon'][4].host;
          expect((await initiator.initiate()).code).toBe(0);
          await host.exec([
            'sh',
            '-c',
            `ping -i 0.1 -W 2 ${target} > /run/ping.log 2>&1 & echo $! > /run/ping.pid`,
          ]);
          for (const more of [[], ['--reauth']]) {
            const before = await spiOf(moon);
            await initiator.swanctlOk('--rekey', '--ike', 'gw', ...more);
            await waitFor('another IKE_SA', async () => {
              const one = (await moon.establishedCount()) === 1;
              return one && (await spiOf(moon)) !== before;
            });
            expect(await moon.swanctlOk('--list-sas')).toMatch(/\[10\.3\.0\.1\]/);
            expect(await addressesOf(host)).toContain('10.3.0.1/32');
            expect(await pings(host, target)).toBe(true);
          }
          await host.sh('kill -INT $(cat /run/ping.pid); sleep 0.3');
          const [, sent, received] =
            /(\d+) packets transmitted, (\d+) received/.exec(host.read('/run/ping.log') ?? '') ??
            [];
          expect(Number(sent)).toBeGreaterThan(10);
          expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1);
        });
      }
    },
  );
});

describeWith('lab', 'pools with 300 clients', () => {
  const shared = sharedSites(strongswan);

  testWith(
    'lab',
    '300 clients have an address each, the same ones when they come back',
    async () => {
      const { sites, sun } = shared();
      const many = server(
        { first: { addrs: '10.3.0.0/25' }, second: { addrs: '10.4.0.0/24' } },
        { charon: { dos_protection: 'no' }, connection: { remote_addrs: '%any' } },
      );
      const ours = plan({ extra: { moon: many, sun: client('0.0.0.0') } });
      const anybody = { ...ours, identity: { moon: ours.identity.moon, sun: '%any' } };
      const body = async ({ moon }: TunnelRun): Promise<void> => {
        // A client with a kernel, whose traffic flows while all others come and go.
        expect((await sun.initiate()).code).toBe(0);
        expect(await pings(sites.sun, ADDRESSES.moon[4].host)).toBe(true);

        const crowd = startClients(sites.router, 300, ours.secret);
        const first = await crowd.next();
        expect(first.failures).toEqual([]);
        expect(new Set(first.addresses).size).toBe(300);
        expect(await moon.establishedCount()).toBe(301);
        expect(await xfrmStates(sites.moon)).toHaveLength(602);
        expect(await moon.swanctlOk('--list-pools')).toMatch(
          /^first +10\.3\.0\.1 +126 \/ 0 \/ 126$[\s\S]*^second +10\.4\.0\.1 +175 \/ 0 \/ 254$/m,
        );
        const again = await crowd.again();
        expect(again.failures).toEqual([]);
        expect(again.addresses).toEqual(first.addresses);
        expect(await pings(sites.sun, ADDRESSES.moon[4].host)).toBe(true);
        await crowd.end();
        await waitFor('the clients to be gone', async () => (await moon.establishedCount()) === 1);
        expect(await moon.swanctlOk('--list-pools')).toMatch(
          /^second +10\.4\.0\.1 +0 \/ 175 \/ 254$/m,
        );
        await waitFor(
          'their SAs to leave the kernel',
          async () => (await xfrmStates(sites.moon)).length === 2,
        );
        expect(await pings(sites.sun, ADDRESSES.moon[4].host)).toBe(true);
      };
      await withTunnel(sites, sun, anybody, {}, body, ours);
    },
  );
});

interface Crowd {
  next(): Promise<ManyClients>;
  again(): Promise<ManyClients>;
  end(): Promise<void>;
}

/** Clients on the router, which talk to moon. */
function startClients(host: Host, count: number, secret: string): Crowd {
  const { gateway, router } = ADDRESSES.moon[4];
  const node = [`${REPOSITORY}/node_modules/.bin/node`, `${REPOSITORY}/test/lab/many-clients.ts`];
  const command = [...node, router, gateway, String(count), secret];
  const inside = ['-t', String(host.pid), '-m', '-n', '-u', '-r', '-w', '--', ...command];
  const child = spawn('nsenter', inside, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<ManyClients> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('the clients ended');
    return JSON.parse(String(value)) as ManyClients;
  };
  return {
    next,
    again: () => {
      child.stdin.write('again\n');
      return next();
    },
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
