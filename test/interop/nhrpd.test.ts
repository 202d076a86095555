import { expect } from 'vitest';
import { Capture } from '../lab/capture.ts';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { ourProgram } from '../lab/charon-programs.ts';
import { type ConfTree, confText } from '../lab/conf-text.ts';
import { installPrograms } from '../lab/example.ts';
import type { Host } from '../lab/host.ts';
import { ADDRESSES, type Side } from '../lab/plan.ts';
import { makeSites, ROUTER_DEVICE } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';

/** Addresses in the GRE network: moon is the hub, sun a spoke. */
const OVERLAY = { moon: '10.255.0.1', sun: '10.255.0.2' } as const;
const LOG = '/var/log/nhrpd.log';

const nhrpdConf = (side: Side): string => `
log file ${LOG} debugging
debug nhrp all
interface gre1
 ip nhrp network-id 1
 ${side === 'moon' ? 'ip nhrp redirect' : `ip nhrp nhs dynamic nbma ${ADDRESSES.moon[4].gateway}`}
 ip nhrp registration no-unique
 ip nhrp shortcut
 tunnel protection vici profile dmvpn
`;

function swanctlConf(side: Side): ConfTree {
  const hub = side === 'moon';
  return {
    connections: {
      dmvpn: {
        version: 2,
        local_addrs: ADDRESSES[side][4].gateway,
        remote_addrs: hub ? '%any' : ADDRESSES.moon[4].gateway,
        local: { auth: 'psk' },
        remote: { auth: 'psk' },
        children: {
          dmvpn: { mode: 'transport', local_ts: 'dynamic[gre]', remote_ts: 'dynamic[gre]' },
        },
      },
    },
    secrets: { 'ike-all': { secret: 'of the whole cloud' } },
  };
}

/** GRE, our daemon, zebra and nhrpd on one gateway. */
async function start(host: Host, side: Side): Promise<CharonGateway> {
  installPrograms(host);
  const gateway = new CharonGateway(host, ourProgram());
  host.write('/etc/swanctl/swanctl.conf', confText(swanctlConf(side)));
  host.write('/etc/frr/zebra.conf', '');
  host.write('/etc/frr/nhrpd.conf', nhrpdConf(side));
  await host.sh(`ip tunnel add gre1 mode gre key 42 ttl 64 dev wan
    ip address add ${OVERLAY[side]}/32 dev gre1
    ip link set gre1 up
    mkdir -p /run/frr
    usermod -a -G frrvty root`);
  await gateway.startDaemon(confText(ourProgram().conf));
  await gateway.swanctlOk('--load-all');
  return gateway;
}

/** Starts zebra and nhrpd; they end with their host. */
function startFrr(host: Host): void {
  // The socket of VICI is for root.
  const as = ['-u', 'root', '-g', 'root'];
  for (const name of ['zebra', 'nhrpd']) {
    const argv = [`/usr/lib/frr/${name}`, ...as, '-f', `/etc/frr/${name}.conf`];
    host.spawn(argv, `/var/log/${name}.out`);
  }
}

/** The peers that nhrpd has CHILD_SAs with: address, how many, identity. */
async function peers(host: Host): Promise<readonly string[]> {
  const { stdout } = await host.exec(['vtysh', '-c', 'show dmvpn']);
  return [...stdout.matchAll(/^\S+ +(\S+) +\S+ +(\d+) +(\S+)/gm)].map(([, ...columns]) =>
    columns.join(' '),
  );
}

const registered = async (hub: Host): Promise<boolean> => {
  const { stdout } = await hub.exec(['vtysh', '-c', 'show ip nhrp cache']);
  return stdout.includes(OVERLAY.sun);
};

/** Answers of ours to nhrpd that say that a command or an event is unknown (packet types 2 and 6). */
const complaints = (host: Host): readonly string[] =>
  host.read(LOG)?.match(/.*VICI: Message [26],.*|.*VICI: (?:Failed|Disconnected|Error).*/g) ?? [];

describeWith(['lab', 'frr'], 'nhrpd of FRR', () => {
  testWith(['lab', 'frr'], 'has a spoke reach its hub and follows our SAs', async () => {
    await using sites = await makeSites('nhrpd', 'frr', 'strongswan', 'frr');
    const capture = await Capture.start(sites.router, ROUTER_DEVICE.sun);
    const moon = await start(sites.moon, 'moon');
    const sun = await start(sites.sun, 'sun');
    const atHub = `${ADDRESSES.sun[4].gateway} 1 ${ADDRESSES.sun[4].gateway}`;
    const atSpoke = `${ADDRESSES.moon[4].gateway} 1 ${ADDRESSES.moon[4].gateway}`;
    const known = async (): Promise<boolean> =>
      (await peers(sites.moon)).includes(atHub) && (await peers(sites.sun)).includes(atSpoke);
    try {
      startFrr(sites.moon);
      startFrr(sites.sun);
      await waitFor('the spoke at the hub', () => registered(sites.moon), 30_000);
      expect(await known()).toBe(true);
      const pings = await sites.sun.ok(['ping', '-c', '3', '-i', '0.2', OVERLAY.moon]);
      expect(pings).toContain(' 0% packet loss');

      await sun.swanctlOk('--rekey', '--child', 'dmvpn');
      await waitFor('the rekeying', () => sites.sun.read(LOG)?.includes("'child-state-rekeyed'"));
      await waitFor('the one that is left', known);

      await moon.swanctlOk('--terminate', '--ike', 'dmvpn');
      // The spoke learns that it is gone, and has us initiate again.
      const again = async (): Promise<boolean> =>
        (await sun.swanctlOk('--list-sas')).includes('dmvpn: #2, ESTABLISHED') && (await known());
      await waitFor('another IKE_SA', again, 20_000);

      expect([sites.moon, sites.sun].flatMap(complaints)).toEqual([]);
      expect((await capture.packets('esp')).length).toBeGreaterThan(4);
      expect(await capture.packets('ip proto 47')).toEqual([]);
    } catch (error) {
      const logs = [sites.moon.read(LOG), moon.log(), sites.sun.read(LOG), sun.log()].join(
        '\n---\n',
      );
      throw new Error(`${String(error)}\n${logs}`, { cause: error });
    } finally {
      await capture.stop();
      await Promise.all([moon.stop(), sun.stop()]);
    }
  });
});
