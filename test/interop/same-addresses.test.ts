import { afterAll, beforeAll, expect } from 'vitest';
import { Capture } from '../lab/capture.ts';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ourProgram, STRONGSWAN } from '../lab/charon-programs.ts';
import type { Host } from '../lab/host.ts';
import { addRoutes, clearRules, link, masquerade } from '../lab/links.ts';
import { ADDRESSES, type ExtraSettings, type Plan, plan } from '../lab/plan.ts';
import { makeSites, ROUTER_DEVICE, type Sites } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { xfrmDump, xfrmStates } from '../lab/xfrm.ts';
import { describeWith, testWith } from '../support/capability.ts';

const ANYBODY = { remote_addrs: '%any' };
const { moon: MOON, sun: SUN } = ADDRESSES;

/** moon, and two clients of it with the same private addresses, each behind a router of its own. */
interface Twins {
  readonly sites: Sites;
  readonly twin: Host;
  readonly moon: CharonGateway;
  readonly clients: readonly [CharonGateway, CharonGateway];
}

describeWith('lab', 'two strongSwan peers with the same addresses', () => {
  let twins: Twins;
  beforeAll(async () => {
    const sites = await makeSites('twins');
    const twin = await addTwin(sites);
    const moon = new CharonGateway(sites.moon, ourProgram());
    const gateways = [sites.sun, twin].map((host) => new CharonGateway(host, STRONGSWAN));
    twins = { sites, twin, moon, clients: gateways as [CharonGateway, CharonGateway] };
  });
  afterAll(() => twins?.sites[Symbol.asyncDispose]());

  // First, because the router remembers for a while what it translated.
  testWith(
    'lab',
    'two gateways of one network: both are heard, the newest is answered',
    async () => {
      const { alice } = twins.sites;
      const wanted = plan({ extra: { moon: { connection: ANYBODY }, sun: {} } });
      await withTwins(twins, wanted, async () => {
        const [old, newest] = twins.clients;
        expect(await answeredBy(twins)).toBe(newest.host.name);
        const heard = await Capture.start(alice, 'lan');
        const request = [
          'ping',
          '-c',
          '3',
          '-i',
          '0.1',
          '-W',
          '1',
          '-I',
          SUN[4].inner,
          MOON[4].host,
        ];
        for (const { host } of twins.clients) await host.exec(request);
        expect(await heard.packets('icmp[icmptype] == icmp-echo')).toHaveLength(6);
        await heard.stop();
        // Once the newest is gone, the other one is answered again.
        await newest.terminate();
        await waitFor('one IKE_SA', async () => (await twins.moon.establishedCount()) === 1);
        await waitFor('its turn', async () => (await answeredBy(twins)) === old.host.name);
        await pings(alice, SUN[4].host);
      });
    },
  );

  testWith('lab', 'one NAT, tunnel mode: virtual IPs tell them apart', async () => {
    const { alice, moon: ours } = twins.sites;
    const server: ExtraSettings = {
      connection: { ...ANYBODY, pools: 'four' },
      child: { remote_ts: 'dynamic' },
      pools: { four: { addrs: '10.3.0.0/24' } },
    };
    const client = { connection: { vips: '0.0.0.0' }, child: { local_ts: 'dynamic' } };
    await masquerade(twins.sites.router, ROUTER_DEVICE.moon);
    await withTwins(twins, plan({ extra: { moon: server, sun: client } }), async () => {
      const states = await xfrmStates(ours);
      const fromNat = states.filter(({ source }) => source === MOON[4].router);
      expect(fromNat).toHaveLength(2);
      expect(new Set(fromNat.map(({ text }) => /sport (\d+)/.exec(text)?.[1])).size).toBe(2);
      for (const { host } of twins.clients) await pings(host, MOON[4].host);
      for (const address of ['10.3.0.1', '10.3.0.2']) await pings(alice, address);
    });
  });

  testWith('lab', 'one NAT, transport mode: marks of connections tell them apart', async () => {
    const server: ExtraSettings = {
      connection: ANYBODY,
      child: { mark_in: '%unique', mark_out: '%unique', set_mark_in: '%same' },
    };
    await masquerade(twins.sites.router, ROUTER_DEVICE.moon);
    await twins.sites.moon.ok(['nft', '-f', '-'], { input: MARK_CONNECTIONS });
    const wanted = plan({ mode: 'transport', extra: { moon: server, sun: {} } });
    await withTwins(twins, wanted, async () => {
      // In turn and at the same time: none gets what is meant for the other one.
      const both = twins.clients.map(({ host }, index) => pings(host, MOON[4].gateway, index + 1));
      await Promise.all(both);
      for (const { host } of twins.clients) await pings(host, MOON[4].gateway);
    });
  });
});

/** Connections get the mark of the CHILD_SA that the request came through, and give it to the answers. */
const MARK_CONNECTIONS = `add table ip lab
add chain ip lab in { type filter hook input priority mangle; }
add rule ip lab in meta mark != 0 ct mark set meta mark
add chain ip lab out { type route hook output priority mangle; }
add rule ip lab out ct mark != 0 meta mark set ct mark`;

/** Adds a host with the addresses of sun and of bob, whose own router hides it. */
async function addTwin({ lab, router }: Sites): Promise<Host> {
  const nat = await lab.host('twin-nat');
  const twin = await lab.host('twin', 'strongswan');
  await link(
    { host: twin, device: 'wan', addresses: [`${SUN[4].gateway}/24`] },
    { host: nat, device: 'inside', addresses: [`${SUN[4].router}/24`] },
  );
  await link(
    { host: nat, device: 'outside', addresses: ['203.0.113.2/24'] },
    { host: router, device: 'to-twin', addresses: ['203.0.113.1/24'] },
  );
  await addRoutes(twin, [`default via ${SUN[4].router}`]);
  await addRoutes(nat, ['default via 203.0.113.1']);
  await masquerade(nat, 'outside');
  await twin.sh(`ip link add lan type dummy; ip link set lan up
ip address add ${SUN[4].inner}/24 dev lan; ip address add ${SUN[4].host}/24 dev lan`);
  return twin;
}

/** Brings up the tunnels of both clients, the twin's last, lets `body` test, and ends everything. */
async function withTwins(twins: Twins, wanted: Plan, body: () => Promise<void>): Promise<void> {
  const { moon, clients, sites } = twins;
  const [sun, twin] = clients;
  const identity = { moon: wanted.identity.moon, sun: 'twin.example.org' };
  try {
    await Promise.all([
      moon.start({ ...wanted, identity: { ...identity, sun: '%any' } }, 'moon'),
      sun.start(wanted, 'sun'),
      twin.start({ ...wanted, identity }, 'sun'),
    ]);
    for (const client of clients) {
      const { code, stdout } = await client.initiate();
      expect(code, stdout).toBe(0);
    }
    await waitFor('two IKE_SAs', async () => (await moon.establishedCount()) === 2);
    await body();
  } catch (error) {
    if (error instanceof Error) {
      error.message += `\n${moon.log().slice(-6000)}\n${await xfrmDump(sites.moon).catch(String)}`;
    }
    throw error;
  } finally {
    await Promise.all([moon.stop(), sun.stop(), twin.stop()]);
    for (const { host } of [moon, ...clients]) {
      await host.sh('ip xfrm state flush; ip xfrm policy flush');
    }
    for (const host of [sites.router, sites.moon]) await clearRules(host);
  }
}

/** Three echo requests, all of which must be answered. */
async function pings(from: Host, to: string, identifier = 7): Promise<void> {
  const options = ['-c', '3', '-i', '0.1', '-W', '2', '-e', String(identifier)];
  const { stdout } = await from.exec(['ping', ...options, to]);
  expect(stdout, `${from.name} to ${to}`).toContain('3 received');
}

/** Which peer gets what alice sends to the network that both have. */
async function answeredBy({ sites, clients }: Twins): Promise<string | undefined> {
  const counts = (): Promise<readonly number[]> =>
    Promise.all(clients.map(({ host }) => receivedFrom(host, MOON[4].gateway)));
  const before = await counts();
  await sites.alice.exec(['ping', '-c', '3', '-i', '0.1', '-W', '1', SUN[4].host]);
  const after = await counts();
  const got = clients.filter((_, index) => (after[index] ?? 0) > (before[index] ?? 0));
  return got.map(({ host }) => host.name).join(',');
}

/** Packets that came to a host in SAs from an address. */
async function receivedFrom(host: Host, source: string): Promise<number> {
  const states = (await xfrmStates(host)).filter((state) => state.source === source);
  return states.reduce((sum, { packets }) => sum + packets, 0);
}
