import { expect } from 'vitest';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ADDRESSES, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { describe as describeRun } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { type SharedSites, sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { establish, proveTraffic, type TunnelRun, takeDown, withTunnel } from './tunnel-run.ts';

const PINGS = 300;
/** Packets that may be on their way while strongSwan already sends on the new CHILD_SA, or no longer takes the old one. */
const TOLERATED = 10;

describeWith(['lab', ...strongswan.needs], 'with strongSwan', () => {
  const shared = sharedSites(strongswan);
  for (const initiator of ['moon', 'sun'] as const) {
    reauthentication(shared, initiator, initiator);
    childless(shared, initiator);
  }
  reauthentication(shared, 'sun', 'moon');
  authLifetime(shared);
  theirAuthLifetime(shared);
  redirected(shared, 'moon');
  redirected(shared, 'sun');
  restarted(shared);
  trapped(shared);
});

function gatewayOf({ moon, sun }: TunnelRun, side: Side): CharonGateway {
  const gateway = side === 'moon' ? moon : sun;
  if (!(gateway instanceof CharonGateway)) throw new TypeError('not steered by swanctl');
  return gateway;
}

/** The SPI of the initiator of our only IKE_SA, once there is only one. */
async function onlySpi({ moon }: TunnelRun, not?: string, millis = 20_000): Promise<string> {
  const what = 'one IKE_SA with one CHILD_SA to be left';
  const probe = async (): Promise<string | false | undefined> => {
    const listed = await moon.swanctlOk('--list-sas');
    const spis = [...listed.matchAll(/^gw: #\d+, (\w+), IKEv2, ([0-9a-f]{16})_i/gm)];
    const [only] = spis;
    const settled = spis.length === 1 && only?.[1] === 'ESTABLISHED' && /INSTALLED/.test(listed);
    return settled && only?.[2] !== not && only?.[2];
  };
  return waitFor(what, probe, millis);
}

/** A hundred packets a second each way while `action` runs; how many got no answer. */
async function lossDuring(run: TunnelRun, action: () => Promise<void>): Promise<number> {
  const argv = ['ping', '-c', `${PINGS}`, '-i', '0.01', '-W', '2', ADDRESSES.sun[4].host];
  const ping = run.sites.alice.exec(argv);
  await new Promise((resolve) => setTimeout(resolve, 500));
  await action();
  const done = await ping;
  const received = Number(/(\d+) received/.exec(done.stdout)?.[1] ?? 0);
  expect(received, describeRun(argv, done)).toBeGreaterThan(0);
  return PINGS - received;
}

function reauthentication(shared: () => SharedSites, initiator: Side, by: Side): void {
  testWith(
    'lab',
    `${initiator} initiated, ${by} reauthenticates: make before break under traffic`,
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(), {}, async (run) => {
        await establish(run, initiator);
        const before = await onlySpi(run);
        const lost = await lossDuring(run, async () => {
          await gatewayOf(run, by).swanctlOk('--rekey', '--ike', 'gw', '--reauth');
          await onlySpi(run, before);
        });
        console.info(`reauthentication by ${by}: ${lost} of ${PINGS} packets lost`);
        expect(lost).toBeLessThanOrEqual(TOLERATED);
        await proveTraffic(run);
        await takeDown(run, 'moon');
      });
    },
  );
}

function authLifetime(shared: () => SharedSites): void {
  const limited = { reauth_time: '30s', rekey_time: '0s', over_time: '60s', rand_time: '0s' };
  const obedient = { rekey_time: '0s', over_time: '20s' };
  const part: PartialPlan = {
    extra: { moon: { connection: limited }, sun: { connection: obedient } },
  };
  testWith('lab', 'our AUTH_LIFETIME makes the peer reauthenticate in time', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(part), {}, async (run) => {
      await establish(run, 'sun');
      const before = await onlySpi(run);
      expect(sun.log()).toMatch(/received AUTH_LIFETIME of (30|29)s/);
      await onlySpi(run, before, 35_000);
      expect(run.moon.log()).not.toContain('reauthenticating IKE_SA');
      await proveTraffic(run);
      await takeDown(run, 'sun');
    });
  });
}

function theirAuthLifetime(shared: () => SharedSites): void {
  const limited = { reauth_time: '20s', rekey_time: '0s', over_time: '60s', rand_time: '0s' };
  const obedient = { rekey_time: '0s', over_time: '10s' };
  // strongSwan says it where it could not reauthenticate itself: to whom it gave an address.
  const part: PartialPlan = {
    extra: {
      moon: { connection: { ...obedient, vips: '0.0.0.0' }, child: { local_ts: 'dynamic' } },
      sun: {
        connection: { ...limited, pools: 'four' },
        child: { remote_ts: 'dynamic' },
        pools: { four: { addrs: '10.3.0.0/24' } },
      },
    },
  };
  testWith('lab', "we obey the peer's AUTH_LIFETIME", async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(part), {}, async (run) => {
      await run.moon.swanctlOk('--initiate', '--child', 'net');
      const before = await onlySpi(run);
      expect(run.moon.log()).toMatch(/received AUTH_LIFETIME of (20|19)s/);
      await onlySpi(run, before, 35_000);
      expect(run.moon.log()).toContain('reauthenticating IKE_SA');
      expect(await run.moon.swanctlOk('--list-sas')).toContain('10.3.0.1/32');
      await takeDown(run, 'moon');
    });
  });
}

function childless(shared: () => SharedSites, initiator: Side): void {
  const part: PartialPlan = {
    extra: { moon: {}, sun: {}, [initiator]: { connection: { childless: 'force' } } },
  };
  testWith(
    'lab',
    `childless, ${initiator} initiates: the IKE_SA first, then its CHILD_SA`,
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, initiator);
        expect(run.moon.log()).toMatch(/(generating|parsed) CREATE_CHILD_SA request 2 /);
        await proveTraffic(run);
        await takeDown(run, 'moon');
      });
    },
  );
}

/** A second address of each gateway, which is where it sends its clients. */
const SECOND = { moon: '192.0.2.3', sun: '198.51.100.3' } as const;

function redirected(shared: () => SharedSites, gateway: Side): void {
  const client = gateway === 'moon' ? 'sun' : 'moon';
  const both = `${ADDRESSES[gateway][4].gateway},${SECOND[gateway]}`;
  const part: PartialPlan = {
    extra: { moon: {}, sun: {}, [gateway]: { connection: { local_addrs: both } } },
  };
  testWith('lab', `${gateway} redirects ${client} to another address`, async () => {
    const { sites, sun } = shared();
    const { host } = gateway === 'moon' ? { host: sites.moon } : { host: sites.sun };
    const device =
      (await host.ok(['sh', '-c', `ip -o -4 addr show to ${ADDRESSES[gateway][4].gateway}`])).split(
        /\s+/,
      )[1] ?? '';
    await host.ok(['ip', 'addr', 'add', `${SECOND[gateway]}/24`, 'dev', device]);
    try {
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, client);
        const before = await onlySpi(run);
        const lost = await lossDuring(run, async () => {
          const argv = ['--redirect', '--ike', 'gw', '--gateway', SECOND[gateway]];
          await gatewayOf(run, gateway).swanctlOk(...argv);
          await onlySpi(run, before);
        });
        console.info(`redirect by ${gateway}: ${lost} of ${PINGS} packets lost`);
        expect(lost).toBeLessThanOrEqual(TOLERATED);
        expect(await run.moon.swanctlOk('--list-sas')).toContain(`@ ${SECOND[gateway]}[`);
        await takeDown(run, 'moon');
      });
    } finally {
      await host.ok(['ip', 'addr', 'del', `${SECOND[gateway]}/24`, 'dev', device]);
    }
  });
}

function restarted(shared: () => SharedSites): void {
  const impatient = {
    charon: { retransmit_timeout: '0.5', retransmit_base: '1', retransmit_tries: 3 },
    connection: { dpd_delay: '1s', keyingtries: 0 },
    child: { dpd_action: 'start' },
  };
  const part: PartialPlan = { dpdDelay: 1, extra: { moon: impatient, sun: {} } };
  testWith(
    'lab',
    'dpd_action = start brings the tunnel back when a killed peer is there again',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, 'moon');
        const before = await onlySpi(run);
        await sun.kill();
        await waitFor(
          'us to notice',
          () => run.moon.log().includes('restarting CHILD_SA net'),
          20_000,
        );
        await sites.sun.sh('ip xfrm state flush; ip xfrm policy flush');
        await sun.start(run.plan, 'sun');
        await onlySpi(run, before, 60_000);
        await proveTraffic(run);
        await takeDown(run, 'moon');
      });
    },
  );
}

function trapped(shared: () => SharedSites): void {
  const impatient = {
    charon: { retransmit_timeout: '0.5', retransmit_base: '1', retransmit_tries: 3 },
    connection: { dpd_delay: '1s' },
    child: { dpd_action: 'trap' },
  };
  const part: PartialPlan = { dpdDelay: 1, extra: { moon: impatient, sun: {} } };
  testWith(
    'lab',
    'dpd_action = trap holds traffic back when the peer was killed, and brings the tunnel up with it',
    async () => {
      const { sites, sun } = shared();
      await withTunnel(sites, sun, plan(part), {}, async (run) => {
        await establish(run, 'moon');
        await sun.kill();
        const noticed = (): boolean => run.moon.log().includes('installing trap for CHILD_SA net');
        await waitFor('us to notice', noticed, 20_000);
        await sites.sun.sh('ip xfrm state flush; ip xfrm policy flush');
        expect(await run.moon.swanctlOk('--list-pols')).toContain('gw/net');
        await sun.start(run.plan, 'sun');
        const up = async (): Promise<boolean> => {
          const ping = ['ping', '-c', '1', '-W', '1', ADDRESSES.sun[4].host];
          return (await sites.alice.exec(ping)).code === 0;
        };
        await waitFor('a packet to bring it up', up, 30_000);
        await onlySpi(run);
        await takeDown(run, 'moon');
      });
    },
  );
}
