import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type ExtraSettings, type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { describe as describeRun } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { type TunnelRun, takeDown, withTunnel } from './tunnel-run.ts';

const ESP = 'esp or ip6 proto 50';
const INNER = { moon: ADDRESSES.moon[4].inner, sun: ADDRESSES.sun[4].inner };

interface OptionCase {
  readonly name: string;
  readonly initiator: Side;
  readonly mode?: 'tunnel' | 'transport';
  /** Of both sides, of moon alone, of sun alone. */
  readonly both?: ConfTree;
  readonly moon?: ConfTree;
  readonly sun?: ConfTree;
  readonly charon?: ConfTree;
  /** Of our daemon alone; it has policies of its own then. */
  readonly ours?: ConfTree;
  /** What `--list-sas --raw` must show. */
  readonly listed: readonly string[];
  readonly before?: (run: TunnelRun) => Promise<void>;
  /** From where to where, and with how many octets, the pings go; from site to site with 56 unless said. */
  readonly ping?: { readonly from?: 'moon'; readonly to?: string; readonly octets?: number };
  /** What protects packets between the gateways, as tcpdump sees it; ESP unless said. */
  readonly wire?: string;
  readonly check?: (run: TunnelRun) => Promise<void>;
}

/** Octets of the IP packets that tcpdump lists. */
const lengths = (lines: readonly string[]): number[] =>
  lines.flatMap((line) => Number(/length (\d+)$/.exec(line)?.[1] ?? []));

const compressed = async ({ capture }: TunnelRun): Promise<void> => {
  const seen = lengths(await capture.packets(ESP));
  // Ten pings of a thousand octets that are nearly alike.
  expect(Math.max(...seen)).toBeLessThan(500);
};

const markForwarded = async ({ sites }: TunnelRun): Promise<void> => {
  await sites.moon.ok(['nft', '-f', '-'], {
    input: `flush ruleset
add table ip lab
add chain ip lab pre { type filter hook prerouting priority mangle; }
add rule ip lab pre iifname "lan" meta mark set 0x6`,
  });
};

const CASES: readonly OptionCase[] = [
  {
    name: 'AH with extended sequence numbers and a window of 256 packets',
    initiator: 'moon',
    both: { esp_proposals: '', ah_proposals: 'sha256-esn', replay_window: 256 },
    listed: ['protocol=AH', 'esn=1', 'mode=TUNNEL'],
    wire: 'ah',
    check: async ({ moon }) => {
      const states = await moon.host.sh('ip xfrm state');
      expect(states).toContain('replay_window 256, bitmap-length 8');
    },
  },
  {
    name: 'AH in transport mode',
    initiator: 'sun',
    mode: 'transport',
    both: { esp_proposals: '', ah_proposals: 'sha512' },
    listed: ['protocol=AH', 'mode=TRANSPORT'],
    wire: 'ah',
  },
  {
    name: 'ESP with extended sequence numbers and a window of 1024 packets',
    initiator: 'sun',
    both: { esp_proposals: 'aes128gcm16-esn', replay_window: 1024 },
    listed: ['esn=1'],
  },
  {
    name: 'IPComp in tunnel mode',
    initiator: 'moon',
    both: { ipcomp: 'yes' },
    listed: ['cpi-in=', 'cpi-out=', 'mode=TUNNEL'],
    ping: { octets: 1000 },
    check: compressed,
  },
  {
    name: 'IPComp in transport mode',
    initiator: 'sun',
    mode: 'transport',
    both: { ipcomp: 'yes' },
    listed: ['cpi-in=', 'mode=TRANSPORT'],
    ping: { octets: 1000 },
    check: compressed,
  },
  ...(['moon', 'sun'] as const).map(
    (initiator): OptionCase => ({
      name: 'BEET mode',
      initiator,
      charon: { send_vendor_id: 'yes' },
      both: { mode: 'beet' },
      moon: { local_ts: INNER.moon, remote_ts: INNER.sun },
      sun: { local_ts: INNER.sun, remote_ts: INNER.moon },
      listed: ['mode=BEET'],
      ping: { from: 'moon', to: INNER.sun },
    }),
  ),
  {
    name: 'IP-TFS',
    initiator: 'moon',
    both: { mode: 'iptfs' },
    listed: ['mode=IPTFS'],
    ping: { octets: 1300 },
  },
  {
    name: 'IP-TFS without fragments for us',
    initiator: 'sun',
    charon: { iptfs: { accept_fragments: 'no' } },
    both: { mode: 'iptfs' },
    listed: ['mode=IPTFS'],
  },
  {
    name: 'padding to the path MTU',
    initiator: 'moon',
    moon: { tfc_padding: 'mtu' },
    listed: ['protocol=ESP'],
    // Kernels that can offload ESP (CONFIG_INET_ESP_OFFLOAD), as that of the lab, send without padding all the same.
    check: async ({ sites }) => {
      expect(await sites.moon.sh('ip xfrm state')).toContain('tfcpad 65535');
    },
  },
  {
    name: 'transport mode for two protocols',
    initiator: 'moon',
    mode: 'transport',
    both: { remote_ts: 'dynamic[icmp], dynamic[udp/4000-4095]' },
    sun: { local_ts: 'dynamic[icmp], dynamic[udp/4000-4095]', remote_ts: 'dynamic' },
    listed: ['mode=TRANSPORT', '[icmp]', '[udp/4000-4095]'],
  },
  {
    name: 'marks of forwarded packets',
    initiator: 'moon',
    moon: { mark_in: '0x5/0xff', mark_out: '0x6/0xff', set_mark_in: '0x5/0xff' },
    listed: ['mark-in=00000005', 'mark-out=00000006'],
    before: markForwarded,
  },
  {
    name: 'an XFRM interface',
    initiator: 'sun',
    moon: { if_id_in: '42', if_id_out: '42' },
    listed: ['if-id-in=0000002a', 'if-id-out=0000002a'],
    before: async ({ sites }) => {
      await sites.moon.sh(
        `ip link add ipsec0 type xfrm if_id 42; ip link set ipsec0 up; ip route add ${ADDRESSES.sun[4].net} dev ipsec0`,
      );
    },
    check: async ({ sites }) => {
      const counted = await sites.moon.sh('cat /sys/class/net/ipsec0/statistics/[rt]x_packets');
      expect(counted.trim().split('\n')).toEqual(['10', '10']);
      await sites.moon.sh('ip link del ipsec0');
    },
  },
  {
    name: 'the gateways and more than their networks in the tunnel, IKE exempt by its ports and the own network by bypass-lan',
    initiator: 'sun',
    ours: { plugins: { 'kernel-netlink': { port_bypass: 'yes' }, 'bypass-lan': { load: 'yes' } } },
    moon: { local_ts: '10.1.0.0/24, 192.0.2.1', remote_ts: '10.0.0.0/8, 198.51.100.1' },
    sun: { local_ts: '10.0.0.0/8, 198.51.100.1', remote_ts: '10.1.0.0/24, 192.0.2.1' },
    listed: ['10.0.0.0/8', '192.0.2.1/32'],
    check: async ({ sites, moon, capture }) => {
      expect(await sites.moon.sh('ip xfrm policy list')).not.toContain('socket');
      const lan = ['ping', '-c', '3', '-i', '0.02', '-W', '2', ADDRESSES.moon[4].host];
      expect((await sites.moon.exec(lan)).stdout).toContain('3 received, 0% packet loss');
      const before = (await capture.packets('udp')).length;
      await moon.swanctlOk('--rekey', '--ike', 'gw');
      await waitFor('the rekeying outside of the tunnel', async () => {
        const sas = await moon.swanctlOk('--list-sas', '--raw');
        return sas.includes('uniqueid=2 ') && (await capture.packets('udp')).length >= before + 4;
      });
    },
  },
  {
    name: 'policies of an interface, DSCP, DF and ECN',
    initiator: 'moon',
    moon: { interface: 'wan', copy_dscp: 'in', copy_df: 'no', copy_ecn: 'no', icmp: 'yes' },
    listed: ['protocol=ESP'],
    check: async ({ sites }) => {
      const policies = await sites.moon.sh('ip xfrm policy list nosock');
      expect(policies.match(/ dev wan/g)).toHaveLength(1);
    },
  },
];

describeWith(['lab'], 'options of CHILD_SAs with strongSwan', () => {
  const shared = sharedSites(strongswan);
  for (const one of CASES) {
    const who = one.initiator === 'moon' ? 'we initiate' : 'the peer initiates';
    testWith('lab', `${one.name}; ${who}`, async () => {
      const { sites, sun } = shared();
      const extra = { moon: settings(one, 'moon'), sun: settings(one, 'sun') };
      const wanted: PartialPlan = { mode: one.mode ?? 'tunnel', extra };
      await withTunnel(sites, sun, plan(wanted), {}, async (run) => {
        await one.before?.(run);
        const initiator = one.initiator === 'moon' ? run.moon : sun;
        const done = await initiator.initiate();
        expect(done.code, describeRun(['initiate'], done)).toBe(0);
        const listed = await waitFor('our side to list the CHILD_SA', async () => {
          const sas = await run.moon.swanctlOk('--list-sas', '--raw');
          return sas.includes('state=INSTALLED') && sas;
        });
        for (const text of one.listed) expect(listed).toContain(text);
        await pingThrough(run, one);
        await one.check?.(run);
        await takeDown(run, 'moon');
        if (one.ours === undefined) expect(await leftOf(sites.moon)).toBe('');
      });
    });
  }
});

function settings(one: OptionCase, side: Side): ExtraSettings {
  const charon = { ...one.charon, ...(side === 'moon' ? one.ours : {}) };
  return { charon, child: { ...one.both, ...one[side] } };
}

/** Ten pings, none lost, all of them protected on the wire. */
async function pingThrough({ sites, capture }: TunnelRun, one: OptionCase): Promise<void> {
  const { from, to, octets = 56 } = one.ping ?? {};
  const transport = one.mode === 'transport';
  const host = from === 'moon' || transport ? sites.moon : sites.alice;
  const target = to ?? (transport ? ADDRESSES.sun[4].gateway : ADDRESSES.sun[4].host);
  const source = from === 'moon' ? ['-I', INNER.moon] : [];
  const ping = [
    'ping',
    '-c',
    '10',
    '-i',
    '0.02',
    '-W',
    '2',
    '-s',
    String(octets),
    ...source,
    target,
  ];
  const done = await host.exec(ping);
  expect(done.stdout, describeRun(ping, done)).toContain('10 received, 0% packet loss');
  const wire = await capture.packets(one.wire ?? ESP);
  expect(wire.length).toBeGreaterThanOrEqual(20);
  // What AH carries tcpdump shows as what it is.
  const plain = one.wire === 'ah' ? 'ip proto 1' : 'icmp[icmptype] == icmp-echo';
  expect(await capture.packets(plain)).toEqual([]);
}

/** SAs and policies that a kernel still has. */
function leftOf(host: Host): Promise<string> {
  return host.sh('ip xfrm state; ip xfrm policy list nosock');
}
