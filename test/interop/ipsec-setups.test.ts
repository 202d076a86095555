import { afterAll, beforeAll, expect } from 'vitest';
import { Capture } from '../lab/capture.ts';
import type { Host } from '../lab/host.ts';
import { IpsecHost, type IpsecProgram, OUR_IPSEC, STRONGSWAN_IPSEC } from '../lab/ipsec-host.ts';
import { ADDRESSES } from '../lab/plan.ts';
import { makeSites, ROUTER_DEVICE, type Sites } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmPolicyCount, xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { POOL, setUpFiles, TRAP } from './ipsec-setups.ts';

const { moon: MOON, sun: SUN } = ADDRESSES;

/** Who steers which gateway; moon initiates and is the road warrior. */
const PAIRS: readonly (readonly [name: string, moon: IpsecProgram, sun: IpsecProgram])[] = [
  ['ours on both sides', OUR_IPSEC, OUR_IPSEC],
  ['ours calls strongSwan', OUR_IPSEC, STRONGSWAN_IPSEC],
  ['strongSwan calls ours', STRONGSWAN_IPSEC, OUR_IPSEC],
];

describeWith(['lab', 'starter'], 'set-ups from ipsec.conf on both sides', () => {
  let made: Sites | undefined;
  beforeAll(async () => {
    const sites = await makeSites('ipsec-setups', 'starter', 'strongswan', 'starter');
    made = sites;
    for (const side of ['moon', 'sun'] as const)
      await sites[side].ok(['ip', 'address', 'add', `${TRAP[side]}/32`, 'dev', 'lan']);
  });
  afterAll(() => made?.[Symbol.asyncDispose]());

  for (const [name, moonProgram, sunProgram] of PAIRS) {
    testWith(
      'lab',
      name,
      async () => {
        if (made === undefined) throw new Error('the sites could not be made');
        const sites = made;
        const moon = new IpsecHost(sites.moon, moonProgram);
        const sun = new IpsecHost(sites.sun, sunProgram);
        await Promise.all([moon.configure(setUpFiles('moon')), sun.configure(setUpFiles('sun'))]);
        const capture = await Capture.start(sites.router, ROUTER_DEVICE.moon);
        try {
          await Promise.all([moon.start(), sun.start()]);
          await siteToSite(sites, moon, sun);
          await hostToHost(sites, moon, sun);
          await trapped(sites, moon, sun);
          await roadWarrior(sites, moon, sun);
          expect(await capture.packets('icmp')).toEqual([]);
          await takeDown(moon, sun);
        } catch (error) {
          const logs = [moon, sun].map((one) => `${one.program.product}:\n${one.log()}`).join('\n');
          throw new Error(`${String(error)}\n${logs}`, { cause: error });
        } finally {
          await capture.stop();
          await Promise.all([moon.stop(), sun.stop()]);
        }
        for (const host of [sites.moon, sites.sun]) {
          expect(await xfrmStates(host)).toEqual([]);
          expect(await xfrmPolicyCount(host)).toBe(0);
        }
      },
      240_000,
    );
  }
});

/** What commands print, run one after the other. */
async function say(gateway: IpsecHost, ...lines: readonly string[]): Promise<readonly string[]> {
  return (await gateway.batch(lines)).map(({ stdout }) => stdout);
}

async function siteToSite(sites: Sites, moon: IpsecHost, sun: IpsecHost): Promise<void> {
  const [routed, up, moonStatus] = await say(moon, 'status trap', 'up net', 'status');
  const [sunStatus] = await say(sun, 'status');
  expect(routed).toMatch(
    /^Routed Connections:\n {8}trap\{\d\}: {2}ROUTED, TUNNEL, reqid \d\n {8}trap\{\d\}: {3}10\.51\.0\.1\/32 === 10\.52\.0\.1\/32\n/,
  );
  expect(up).toMatch(/^connection 'net' established successfully$/m);
  for (const [status, own, peer] of [
    [moonStatus, MOON, SUN],
    [sunStatus, SUN, MOON],
  ] as const) {
    const name = (end: typeof MOON | typeof SUN): string =>
      `${end[4].gateway}\\[${end === MOON ? 'moon' : 'sun'}\\.example\\.org\\]`;
    expect(status).toMatch(
      new RegExp(
        `^ {9}net\\[1\\]: ESTABLISHED \\d+ seconds? ago, ${name(own)}\\.\\.\\.${name(peer)}$`,
        'm',
      ),
    );
    expect(status).toMatch(
      /^ {9}net\{\d\}: {2}INSTALLED, TUNNEL, reqid \d, ESP SPIs: \w{8}_i \w{8}_o$/m,
    );
    expect(status).toMatch(
      new RegExp(`^ {9}net\\{\\d\\}: {3}${own[4].net} === ${peer[4].net}$`, 'm'),
    );
  }
  expect(await lossless(sites.alice, MOON[4].host, SUN[4].host)).toBe(true);
}

async function hostToHost(sites: Sites, moon: IpsecHost, sun: IpsecHost): Promise<void> {
  const [up, moonStatus] = await say(moon, 'up host', 'status');
  const [sunStatus] = await say(sun, 'status');
  expect(up).toContain("connection 'host' established successfully");
  for (const status of [moonStatus, sunStatus]) {
    expect(status).toMatch(
      /^ {8}host\{\d\}: {2}INSTALLED, TRANSPORT, reqid \d, ESP SPIs: \w{8}_i \w{8}_o$/m,
    );
  }
  expect(await lossless(sites.moon, MOON[4].gateway, SUN[4].gateway)).toBe(true);
  const states = (await xfrmStates(sites.moon)).filter(({ mode }) => mode === 'transport');
  expect(states.map(({ packets }) => packets)).toEqual([3, 3]);
}

async function trapped(sites: Sites, moon: IpsecHost, sun: IpsecHost): Promise<void> {
  await ping(sites.moon, TRAP.moon, TRAP.sun);
  await waitFor('the trapped tunnel', async () =>
    /trap\{\d\}: {2}INSTALLED, TUNNEL/.test(await sun.said('status', 'trap')),
  );
  expect(await lossless(sites.moon, TRAP.moon, TRAP.sun)).toBe(true);
  const [unrouted, status] = await say(moon, 'unroute trap', 'status');
  expect(unrouted).toBe("trap policy 'trap' unrouted\n");
  expect(status).not.toContain('Routed Connections');
}

async function roadWarrior(sites: Sites, moon: IpsecHost, sun: IpsecHost): Promise<void> {
  const [up, status] = await say(moon, 'up rw', 'status rw');
  expect(up).toContain("connection 'rw' established successfully");
  expect(status).toMatch(/^ {10}rw\{\d\}: {3}10\.77\.0\.1\/32 === 10\.2\.0\.0\/24$/m);
  expect(await lossless(sites.moon, '10.77.0.1', SUN[4].host)).toBe(true);
  const [leases, down] = await say(sun, 'leases', 'down-srcip 10.77.0.1');
  expect(leases).toBe(
    `Leases in pool '${POOL}', usage: 1/254, 1 online\n        10.77.0.1   online   'carol.example.org'\n`,
  );
  expect(down).toBe('');
  const gone = async (): Promise<boolean> => (await moon.said('status', 'rw')).includes('no match');
  await waitFor('the road warrior to be put down', gone);
  expect(await sun.said('leases')).toBe(
    `Leases in pool '${POOL}', usage: 1/254, 0 online\n        10.77.0.1   offline   'carol.example.org'\n`,
  );
}

async function takeDown(moon: IpsecHost, sun: IpsecHost): Promise<void> {
  const number = /host\{(\d)\}/.exec(await moon.said('status'))?.[1];
  const [host] = await say(moon, `down host{${number}}`);
  expect(host).toContain(`CHILD_SA {${number}} closed successfully`);
  const [before, trap] = await say(sun, 'status', 'down trap{*}');
  expect(before).not.toMatch(/host\{\d\}: {2}INSTALLED/);
  expect(trap).toMatch(/CHILD_SA \{\d\} closed successfully/);
  const [after, net, moonStatus] = await say(moon, 'status', 'down net[*]', 'status');
  expect(after).not.toMatch(/trap\{\d\}: {2}INSTALLED/);
  expect(net).toContain('IKE_SA [1] closed successfully');
  for (const status of [moonStatus, await sun.said('status')])
    expect(status).toMatch(/^ {2}none$/m);
}

function ping(host: Host, from: string, to: string) {
  return host.exec(['ping', '-c', '3', '-i', '0.1', '-W', '2', '-I', from, to]);
}

async function lossless(host: Host, from: string, to: string): Promise<boolean> {
  return (await ping(host, from, to)).stdout.includes(' 0% packet loss');
}
