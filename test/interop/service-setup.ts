import { CharonGateway } from '../lab/charon-gateway.ts';
import { STRONGSWAN } from '../lab/charon-programs.ts';
import type { Host } from '../lab/host.ts';
import { Lab } from '../lab/lab.ts';
import { link } from '../lab/links.ts';
import { Machine } from '../lab/machine.ts';
import { PACKAGE, type RootName } from '../lab/paths.ts';
import { ADDRESSES } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';

/** A Debian that our package is installed on, and a gateway with strongSwan across the cable. */
export interface Installed extends AsyncDisposable {
  readonly moon: Machine;
  readonly sun: CharonGateway;
  /** Milliseconds that each step towards a running service took. */
  readonly times: Record<string, number>;
}

/** Boots a root with systemd and connects it to a strongSwan; nothing is installed yet. */
export async function bareDebian(name: string, root: RootName): Promise<Installed> {
  const lab = new Lab(name);
  try {
    const [host, peer] = [await lab.host('moon', root), await lab.host('sun')];
    await connect(host, peer);
    const begun = performance.now();
    const moon = await Machine.boot(host);
    return {
      moon,
      sun: new CharonGateway(peer, STRONGSWAN),
      times: { boot: performance.now() - begun },
      [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
    };
  } catch (error) {
    await lab[Symbol.asyncDispose]();
    throw error;
  }
}

/** Installs the package, or another version of it over the one that is there; there is no network but the one cable. */
export async function install({ moon }: Installed, deb: string = PACKAGE): Promise<string> {
  moon.host.copyIn(deb, '/root/charon-ts.deb');
  return moon.sh('apt-get install --yes --allow-downgrades /root/charon-ts.deb 2>&1');
}

/** What systemd says of a unit. */
export async function property(moon: Machine, unit: string, name: string): Promise<string> {
  return (await moon.ok(['systemctl', 'show', '--value', '-p', name, unit])).trim();
}

/** Waits until the service has been started anew by systemd, and is ready. */
export async function restarted(moon: Machine, formerPid: string): Promise<string> {
  return waitFor(
    'the service to be started again',
    async () => {
      const state = await property(moon, 'charon-ts.service', 'ActiveState');
      const pid = await property(moon, 'charon-ts.service', 'MainPID');
      return state === 'active' && pid !== '0' && pid !== formerPid && pid;
    },
    30_000,
  );
}

/** SPIs in the machine's kernel. */
export async function spis(moon: Machine): Promise<readonly string[]> {
  const states = await moon.ok(['ip', 'xfrm', 'state']);
  return [...states.matchAll(/spi (0x[0-9a-f]{8})/g)].map(([, spi = '']) => spi).sort();
}

async function connect(moon: Host, sun: Host): Promise<void> {
  await link(
    { host: moon, device: 'wan', addresses: [`${ADDRESSES.moon[4].gateway}/24`] },
    { host: sun, device: 'wan', addresses: [`${ADDRESSES.sun[4].gateway}/24`] },
  );
  await moon.sh(`ip route add default dev wan`);
  await sun.sh(`ip route add default dev wan`);
  for (const [host, side] of [
    [moon, 'moon'],
    [sun, 'sun'],
  ] as const) {
    await host.sh(
      `ip link add lan type dummy; ip link set lan up; ip address add ${ADDRESSES[side][4].inner}/24 dev lan`,
    );
  }
}
