import { afterAll, beforeAll, expect, test } from 'vitest';
import { swanctlConf } from '../lab/charon-gateway.ts';
import { confText } from '../lab/conf-text.ts';
import type { Machine } from '../lab/machine.ts';
import { NEXT_PACKAGE } from '../lab/paths.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith } from '../support/capability.ts';
import { keyPair, pemOf } from '../support/private-keys.ts';
import { bareDebian, type Installed, install, property, restarted, spis } from './service-setup.ts';

const UNIT = 'charon-ts.service';
const TUNNEL = plan();
const PING = ['ping', '-c', '3', '-i', '0.2', '-I', ADDRESSES.moon[4].inner];

async function expectHardened(moon: Machine): Promise<void> {
  for (const unit of [UNIT, 'charon-ts-keyd@.service']) {
    const judged = await moon.sh(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
    expect(Number(/: (\d+\.\d) /.exec(judged)?.[1] ?? '10'), judged).toBeLessThanOrEqual(2);
  }
}

/** Unpacking the package takes its time on a kernel whose system calls are slow. */
const PATIENCE = { timeout: 240_000 };

describeWith(['lab', 'systemd', 'package'], 'the package on a bare Debian 12', () => {
  let installed: Installed | undefined;
  const here = (): Installed => {
    if (installed === undefined) throw new Error('the machine could not be made');
    return installed;
  };
  beforeAll(async () => {
    installed = await bareDebian('service', 'debian12');
  });
  afterAll(() => installed?.[Symbol.asyncDispose]());

  test('from nothing to a tunnel', PATIENCE, async () => {
    const { moon, sun, times } = here();
    const timed = async <T>(step: string, action: () => Promise<T>): Promise<T> => {
      const begun = performance.now();
      const result = await action();
      times[step] = performance.now() - begun;
      return result;
    };
    await timed('install', () => install(here()));
    await timed('ready', () => restarted(moon, '0'));
    expect(await moon.ok(['swanctl', '--version'])).toContain('charon-ts');
    moon.host.write('/etc/swanctl/conf.d/gw.conf', confText(swanctlConf(TUNNEL, 'moon')));
    await sun.start(TUNNEL, 'sun');
    await timed('load', () => moon.ok(['swanctl', '--load-all']));
    await timed('connect', () => moon.ok(['swanctl', '--initiate', '--child', 'net']));
    expect(await moon.ok([...PING, ADDRESSES.sun[4].inner])).toContain(' 0% packet loss');
    const steps = Object.entries(times).map(([step, ms]) => `${step} ${(ms / 1000).toFixed(1)} s`);
    console.log(`a new user's path: ${steps.join(', ')}`);
  });

  test('it runs with the rights that it needs and no others', async () => {
    const { moon } = here();
    const status = await moon.sh(`cat /proc/$(systemctl show --value -p MainPID ${UNIT})/status`);
    const id = (await moon.ok(['id', '-u', 'charon-ts'])).trim();
    expect(id).not.toBe('0');
    expect(status).toMatch(new RegExp(`^Uid:\\t${id}\\t${id}\\t${id}\\t${id}$`, 'm'));
    // CAP_NET_BIND_SERVICE and CAP_NET_ADMIN.
    for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
      expect(status).toContain(`Cap${set}:\t0000000000001400\n`);
    expect(status).toContain('NoNewPrivs:\t1\n');
    expect(status).toContain('Seccomp:\t2\n');
    await expectHardened(moon);
  });

  test('the socket is for root and the group charon-vici', async () => {
    const { moon } = here();
    const stats = (group: string) =>
      moon.exec(
        `setpriv --reuid nobody --regid ${group} --clear-groups swanctl --stats`.split(' '),
      );
    expect((await stats('charon-vici')).stdout).toContain('IKE_SAs: 1 total');
    expect((await stats('nogroup')).code).not.toBe(0);
  });

  test('private keys are kept by another user, and gone with its process', async () => {
    const { moon } = here();
    moon.host.write('/etc/swanctl/private/gw.pem', pemOf(keyPair('p256').privateKey));
    const loaded = await moon.ok(['swanctl', '--load-creds', '--noprompt']);
    expect(loaded).toContain("loaded private key from '/etc/swanctl/private/gw.pem'");
    const keeper = (await moon.ok(['pgrep', '-u', 'charon-ts-keys'])).trim();
    const status = await moon.sh(`cat /proc/${keeper}/status`);
    expect(status).toContain('CapEff:\t0000000000000000\n');
    expect(status).toContain('CapBnd:\t0000000000000000\n');
    const network = (pid: string): Promise<string> => moon.ok(['readlink', `/proc/${pid}/ns/net`]);
    expect(await network(keeper)).not.toBe(await network('1'));
    await moon.ok(['kill', '-KILL', keeper]);
    const journal = `journalctl --no-pager -u ${UNIT}`;
    await waitFor('the loss to be said', async () =>
      (await moon.sh(journal)).includes('all private keys (1) are gone'),
    );
    await moon.sh('rm /etc/swanctl/private/gw.pem');
  });

  test('a mistake in the configuration is said and takes nothing away', async () => {
    const { moon } = here();
    moon.host.write(
      '/etc/swanctl/conf.d/wrong.conf',
      'connections { other { remote_adrs = 1 } }\n',
    );
    await moon.exec(['systemctl', 'reload', UNIT]);
    expect(await property(moon, UNIT, 'ActiveState')).toBe('active');
    expect(await moon.sh(`journalctl --no-pager -u ${UNIT}`)).toContain('remote_adrs');
    expect(await moon.ok(['swanctl', '--list-sas'])).toMatch(/^gw: #\d+, ESTABLISHED/m);
    await moon.sh('rm /etc/swanctl/conf.d/wrong.conf');
    await moon.ok(['systemctl', 'reload', UNIT]);
  });

  test('killed by the watchdog and by hand it comes back with its tunnels', async () => {
    const { moon } = here();
    moon.host.write('/etc/strongswan.conf', 'charon {\n  state_journal = yes\n}\n', 0o644);
    const dropIn = '[Service]\nWatchdogSec=2\n';
    moon.host.write('/etc/systemd/system/charon-ts.service.d/watchdog.conf', dropIn, 0o644);
    await moon.sh(`systemctl daemon-reload; systemctl restart ${UNIT}`);
    await moon.ok(['swanctl', '--initiate', '--child', 'net']);
    const before = await spis(moon);
    expect(before).toHaveLength(2);
    for (const signal of ['STOP', 'KILL']) {
      const pid = await property(moon, UNIT, 'MainPID');
      const pinging = ['ping', '-c', '40', ...PING.slice(3), ADDRESSES.sun[4].inner];
      const ping = moon.exec(pinging);
      await moon.ok(['kill', `-${signal}`, pid]);
      await restarted(moon, pid);
      expect(await spis(moon)).toEqual(before);
      expect((await ping).stdout).toContain(' 0% packet loss');
    }
    const journal = await moon.sh(`journalctl --no-pager -u ${UNIT}`);
    expect(journal).toContain('Watchdog timeout');
    expect(journal.match(/took over IKE_SA gw\[1\]/g)).toHaveLength(2);
    expect(await moon.ok(['swanctl', '--list-conns'])).toContain('gw: IKEv2');
    expect(await moon.ok(['systemctl', 'status', UNIT])).toContain(
      'IKE_SAs: 1, of them half-open: 0',
    );
  });

  test('a new version goes on with the tunnels of the old one', PATIENCE, async () => {
    const { moon } = here();
    const [before, pid] = [await spis(moon), await property(moon, UNIT, 'MainPID')];
    const running = moon.host.spawn(
      ['ping', '-i', '0.05', ...PING.slice(5), ADDRESSES.sun[4].inner],
      '/root/ping.log',
    );
    await install(here(), NEXT_PACKAGE);
    expect(await property(moon, UNIT, 'MainPID')).not.toBe(pid);
    expect(await property(moon, UNIT, 'ActiveState')).toBe('active');
    expect(await moon.ok(['swanctl', '--version'])).toContain('+next');
    expect(await spis(moon)).toEqual(before);
    running.kill('SIGINT');
    await running.ended;
    const pinged = moon.host.read('/root/ping.log') ?? '';
    expect(pinged).toContain(' 0% packet loss');
    const journal = await moon.sh(`journalctl --no-pager -u ${UNIT}`);
    expect(journal.match(/took over IKE_SA gw\[1\]/g)).toHaveLength(3);
    expect(journal).toMatch(/charon-ts \S+\+next started/);
    await moon.ok(['swanctl', '--rekey', '--ike', 'gw']);
    expect(await moon.ok([...PING, ADDRESSES.sun[4].inner])).toContain(' 0% packet loss');
  });

  test('without a journal they are down for a restart, and back', PATIENCE, async () => {
    const { moon, sun } = here();
    const trapped = plan({ extra: { moon: { child: { start_action: 'trap' } }, sun: {} } });
    moon.host.write('/etc/swanctl/conf.d/gw.conf', confText(swanctlConf(trapped, 'moon')));
    moon.host.write('/etc/strongswan.conf', '', 0o644);
    await moon.ok(['systemctl', 'restart', UNIT]);
    await moon.ok(['swanctl', '--initiate', '--child', 'net']);
    const [before, pid] = [await spis(moon), await property(moon, UNIT, 'MainPID')];
    // back to the version before: operators do that as well
    await install(here());
    expect(await property(moon, UNIT, 'MainPID')).not.toBe(pid);
    expect(await moon.ok(['swanctl', '--version'])).not.toContain('+next');
    expect(await moon.ok([...PING, ADDRESSES.sun[4].inner])).toMatch(/[23] received/);
    expect(await spis(moon)).not.toEqual(before);
    expect(await sun.establishedCount()).toBe(1);
  });

  test('stopped it says goodbye and leaves nothing', async () => {
    const { moon, sun } = here();
    await moon.ok(['systemctl', 'stop', UNIT]);
    await waitFor('the peer to forget', async () => (await sun.establishedCount()) === 0);
    expect(await spis(moon)).toEqual([]);
    expect(await moon.ok(['ip', 'xfrm', 'policy'])).not.toContain('tmpl');
    expect(await property(moon, UNIT, 'Result')).toBe('success');
    expect(await moon.sh('ls /run')).not.toContain('charon.vici');
    expect((await moon.exec(['swanctl', '--stats'])).code).not.toBe(0);
  });

  test('purged it is gone, but for what the operator wrote', PATIENCE, async () => {
    const { moon } = here();
    await moon.sh('dpkg --purge charon-ts 2>&1');
    const left = await moon.sh(
      'find / -xdev -not -path "/proc/*" -not -path "/run/*" -not -path "/sys/*" -not -path "/dev/*" -name "*charon-ts*"; dpkg-divert --list "*swanctl*"',
    );
    // where a drop-in of ours lies, and the package file
    expect(left.trim().split('\n').sort()).toEqual([
      '/etc/systemd/system/charon-ts.service.d',
      '/root/charon-ts.deb',
    ]);
    expect(moon.host.exists('/etc/swanctl/swanctl.conf')).toBe(false);
    expect(moon.host.exists('/etc/swanctl/conf.d/gw.conf')).toBe(true);
  });
});

describeWith(['lab', 'systemd', 'package'], "the package beside Debian 13's strongSwan", () => {
  test('strongSwan goes on until the operator switches, and back', PATIENCE, async () => {
    await using installed = await bareDebian('beside', 'debian13');
    const { moon, sun } = installed;
    moon.host.write('/etc/swanctl/conf.d/gw.conf', confText(swanctlConf(TUNNEL, 'moon')));
    await moon.ok(['systemctl', 'restart', 'strongswan']);
    await sun.start(TUNNEL, 'sun');

    expect(await install(installed)).toContain('systemctl disable --now strongswan');
    expect(await property(moon, 'strongswan.service', 'ActiveState')).toBe('active');
    expect(await property(moon, UNIT, 'ActiveState')).toBe('inactive');
    // ours steers the daemon that runs
    expect(await moon.ok(['swanctl', '--stats'])).toContain('openssl');
    expect(await moon.ok(['swanctl.strongswan', '--version'])).not.toContain('charon-ts');
    await expectHardened(moon);

    await moon.sh(`systemctl disable --now strongswan; systemctl enable --now ${UNIT}`);
    expect(await moon.ok(['swanctl', '--stats'])).toContain('kernel-netlink socket-netlink');
    expect(await moon.ok(['swanctl.strongswan', '--list-conns'])).toContain('gw: IKEv2');
    await moon.ok(['swanctl', '--initiate', '--child', 'net']);
    expect(await moon.ok([...PING, ADDRESSES.sun[4].inner])).toContain(' 0% packet loss');

    await moon.ok(['systemctl', 'start', 'strongswan']);
    expect(await property(moon, UNIT, 'ActiveState')).toBe('inactive');
    await moon.sh('dpkg --remove charon-ts 2>&1');
    expect(await moon.ok(['swanctl', '--version'])).not.toContain('charon-ts');
    expect(await moon.ok(['swanctl', '--list-conns'])).toContain('gw: IKEv2');
    expect(moon.host.exists('/usr/sbin/swanctl.strongswan')).toBe(false);
    // Debian's manual page is back as well.
    expect(await moon.ok(['dpkg', '--verify', 'strongswan-swanctl'])).toBe('');
  });
});
