import { expect } from 'vitest';
import { ourProgram } from '../lab/charon-programs.ts';
import { confText } from '../lab/conf-text.ts';
import type { Host } from '../lab/host.ts';
import { REPOSITORY } from '../lab/paths.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import type { Finished } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';

const IPSEC = [`${REPOSITORY}/node_modules/.bin/node`, `${REPOSITORY}/daemon/cli/ipsec/main.ts`];
const LOG = '/var/log/starter.log';
const { moon, sun } = ADDRESSES;

/** Site to site with a shared key; `auto` is what happens at the start. */
function ipsecConf(auto: 'add' | 'route'): string {
  return `
conn %default
  authby=psk
  mobike=no
  ike=aes128gcm16-prfsha256-x25519!
  esp=aes128gcm16!
conn net
  left=${moon[4].gateway}
  leftid=moon.example.org
  leftsubnet=${moon[4].net}
  right=${sun[4].gateway}
  rightid=sun.example.org
  rightsubnet=${sun[4].net}
  auto=${auto}
`;
}

describeWith('lab', 'our ipsec with strongSwan', () => {
  const shared = sharedSites(strongswan);

  testWith('lab', 'start, up, status, down, update, a trap, stop', async () => {
    const { sites, sun: peer } = shared();
    const host: Host = sites.moon;
    const ipsec = (...args: readonly string[]): Promise<Finished> => host.exec([...IPSEC, ...args]);
    const said = async (...args: readonly string[]): Promise<string> =>
      (await ipsec(...args)).stdout;
    const ping = (): Promise<Finished> =>
      host.exec(['ping', '-c', '3', '-W', '1', '-I', moon[4].inner, sun[4].inner]);
    const { secret } = plan();
    host.write('/etc/strongswan.conf', confText(ourProgram().conf));
    host.write('/etc/ipsec.conf', ipsecConf('add'));
    host.write('/etc/ipsec.secrets', `moon.example.org sun.example.org : PSK "${secret}"\n`);
    await peer.start(plan(), 'sun');
    const starter = host.spawn([...IPSEC, 'start', '--nofork'], LOG);
    try {
      await waitFor(
        'ipsec to start',
        async () => (await ipsec('status')).stdout.includes('none'),
        30_000,
      );

      const up = await ipsec('up', 'net');
      expect(up.code).toBe(0);
      expect(up.stdout).toContain("connection 'net' established successfully");
      const status = await said('status');
      expect(status).toMatch(/^Security Associations \(1 up, 0 connecting\):$/m);
      expect(status).toMatch(
        /^ {9}net\[1\]: ESTABLISHED \d+ seconds? ago, 192\.0\.2\.1\[moon\.example\.org\]\.\.\.198\.51\.100\.1\[sun\.example\.org\]$/m,
      );
      expect(status).toMatch(
        /^ {9}net\{1\}: {2}INSTALLED, TUNNEL, reqid 1, ESP SPIs: \w{8}_i \w{8}_o$/m,
      );
      expect(status).toMatch(/^ {9}net\{1\}: {3}10\.1\.0\.0\/24 === 10\.2\.0\.0\/24$/m);
      expect((await ping()).stdout).toContain(' 0% packet loss');
      expect(await said('statusall')).toMatch(
        /net\[1\]: IKE proposal: AES_GCM_16_128\/PRF_HMAC_SHA2_256\//,
      );

      expect(await said('down', 'net')).toContain('IKE_SA [1] closed successfully');
      expect(await said('status')).toMatch(/^ {2}none$/m);

      host.write('/etc/ipsec.conf', ipsecConf('route'));
      expect((await ipsec('update')).code).toBe(0);
      await waitFor('the trap', async () => (await said('status')).includes('ROUTED, TUNNEL'));
      await ping();
      expect((await ping()).stdout).toContain(' 0% packet loss');
      expect(await said('status')).toContain('INSTALLED, TUNNEL');

      expect((await ipsec('stop')).code).toBe(0);
      await starter.ended;
      expect((await ipsec('status')).code).toBe(3);
      expect((await host.exec(['ip', 'xfrm', 'state'])).stdout).toBe('');
    } finally {
      starter.kill('SIGTERM');
      await starter.ended;
      await peer.stop();
    }
  });
});
