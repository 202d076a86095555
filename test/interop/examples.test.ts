import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Capture } from '../lab/capture.ts';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ourProgram } from '../lab/charon-programs.ts';
import { confText } from '../lab/conf-text.ts';
import { installPrograms, runExample, stepsOf } from '../lab/example.ts';
import type { Host } from '../lab/host.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { makeSites, ROUTER_DEVICE, type Sites } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';

/** An example as its README says, and what it must have come to. */
interface Expectation {
  /** What the hosts need that is not theirs to configure: addresses of networks behind them. */
  readonly before?: (sites: Sites) => Promise<unknown>;
  readonly after?: (world: Brought) => Promise<void>;
  /** Pings that may be lost: a packet that brings a tunnel up is dropped by the kernel. */
  readonly lost?: boolean;
}

interface Brought {
  readonly sites: Sites;
  readonly moon: CharonGateway;
  readonly sun: CharonGateway;
  readonly desk: Host;
  /** All that the README's commands printed. */
  readonly text: string;
}

const EXAMPLES: Readonly<Record<string, Expectation>> = {
  'site-to-site-psk': {},
  'site-to-site-certificates': {
    after: async ({ text }) => expect(text).toContain('pubkey:    ECDSA 256 bits, has private key'),
  },
  'road-warrior': {
    after: async ({ text, sites }) => {
      expect(text).toContain('inet 10.3.0.1/32');
      expect(text).toMatch(/10\.3\.0\.1 +online +'carol\.example\.org'/);
      expect(sites.sun.read('/etc/resolv.conf')).toContain('nameserver 10.1.0.53');
    },
  },
  'route-based': {
    after: async ({ text }) => expect(text).toMatch(/RX:.*\n +\d{3,} +3 /),
  },
  'host-to-host': {
    lost: true,
    after: async ({ text }) => {
      expect(text).toMatch(/sun\/host, reqid \d+, TRANSPORT/);
      expect(text).toMatch(/host: #\d+, reqid \d+, INSTALLED, TRANSPORT/);
    },
  },
  'hub-and-spokes': {
    before: ({ sun }) => sun.sh('ip address add 10.100.1.1/24 dev lan'),
    after: aHundredSpokes,
  },
};

// sun is spokes 1 to 99 and the router spoke 100, so that two spokes on different hosts can meet by way of the hub.
async function aHundredSpokes({ sites, moon, sun, desk }: Brought): Promise<void> {
  const folder = '/root/examples/hub-and-spokes/out';
  const config = async (spokes: string): Promise<string> =>
    desk.sh(`cd ${folder}; for n in $(seq ${spokes}); do cat spoke-$n/swanctl.conf; done`);
  sites.sun.write('/etc/swanctl/swanctl.conf', await config('1 99'));
  await sites.sun.sh('for n in $(seq 2 99); do ip address add 10.100.$n.1/24 dev lan; done');
  expect(await sites.sun.sh('swanctl --load-all')).toContain('successfully loaded 99 connections');

  sites.router.write('/etc/swanctl/swanctl.conf', await config('100 100'));
  await sites.router.sh(
    'ip link add lan type dummy; ip address add 10.100.100.1/24 dev lan; ip link set lan up',
  );
  const hundredth = new CharonGateway(sites.router, ourProgram());
  await start(hundredth);
  try {
    await sites.router.sh('swanctl --load-all');
    await waitFor(
      'all spokes',
      async () => {
        const sas = await moon.swanctlOk('--list-sas');
        return sas.match(/^spoke-\d+: .*ESTABLISHED/gm)?.length === 100;
      },
      60_000,
    );
    expect((await moon.swanctlOk('--list-sas')).match(/INSTALLED/g)).toHaveLength(100);
    const pings = [2, 50, 99].map((n) => ping(sun.host, `10.100.${n}.1`, '10.1.0.1'));
    expect(await Promise.all(pings)).toEqual(['0%', '0%', '0%']);
    expect(await ping(sites.router, '10.100.100.1', '10.100.7.1')).toBe('0%');
  } finally {
    await hundredth.stop();
  }
}

async function ping(host: Host, from: string, to: string): Promise<string | undefined> {
  const { stdout } = await host.exec(['ping', '-c', '3', '-i', '0.2', '-I', from, to]);
  return /(\d+%) packet loss/.exec(stdout)?.[1];
}

// A person who reads is slower than the handshakes that a step begins.
async function settled(...gateways: readonly CharonGateway[]): Promise<void> {
  for (const gateway of gateways) {
    await waitFor('the handshakes', async () => {
      return !(await gateway.swanctlOk('--list-sas')).includes('CONNECTING');
    });
  }
}

async function start(gateway: CharonGateway): Promise<void> {
  installPrograms(gateway.host);
  await gateway.startDaemon(confText(ourProgram().conf));
}

test('every example has a test', () => {
  const folders = readdirSync(`${REPOSITORY}/conf/examples`, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'two-containers')
    .map(({ name }) => name);
  expect(folders.sort()).toEqual(Object.keys(EXAMPLES).sort());
});

test('blocks of a README without a place are not run', () => {
  const readme = '```sh\nrm -rf /\n```\n```sh moon\ntrue\nfalse\n```\n```text\nno\n```\n';
  expect(stepsOf(readme)).toEqual([{ where: 'moon', script: 'true\nfalse\n' }]);
});

describeWith(['lab', 'servers'], 'examples', () => {
  for (const [name, { before, after, lost = false }] of Object.entries(EXAMPLES)) {
    testWith(['lab', 'servers'], name, async () => {
      await using sites = await makeSites(name);
      const desk = await sites.lab.host('desk', 'servers');
      const moon = new CharonGateway(sites.moon, ourProgram());
      const sun = new CharonGateway(sites.sun, ourProgram());
      await before?.(sites);
      await Promise.all([start(moon), start(sun)]);
      const capture = await Capture.start(sites.router, ROUTER_DEVICE.sun);
      try {
        const hosts = { anywhere: desk, moon: sites.moon, sun: sites.sun };
        const text = (await runExample(name, hosts, () => settled(moon, sun))).join('\n');
        expect(text).toMatch(/: #\d+, ESTABLISHED, IKEv2/);
        expect(text).toMatch(/: #\d+, reqid \d+, INSTALLED/);
        if (!lost) expect(text).toContain(' 0% packet loss');
        await after?.({ sites, moon, sun, desk, text });
        expect(await capture.packets('icmp[icmptype] == icmp-echo')).toEqual([]);
        expect((await capture.packets('esp')).length).toBeGreaterThanOrEqual(4);
      } catch (error) {
        const logs = [moon, sun].map((gateway) => gateway.log().slice(-6000)).join('\n---\n');
        throw new Error(`${name}: ${String(error)}\n${logs}`, { cause: error });
      } finally {
        await capture.stop();
        await Promise.all([moon.stop(), sun.stop()]);
      }
    });
  }
});
