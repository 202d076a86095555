import { expect } from 'vitest';
import { type CredentialFiles, installCredentials, pem } from '../lab/credentials.ts';
import { ADDRESSES, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { type CertificateWishes, type Issued, TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { Stream } from './stream.ts';
import { establish, type TunnelRun, withTunnel } from './tunnel-run.ts';

const NAMES = { moon: 'moon.example.org', sun: 'sun.example.org' } as const;
const DIRECTORY = '/etc/rotating';

const PLAN = plan({
  extra: {
    moon: {
      charon: { plugins: { 'credentials-files': { load: 'yes', directory: DIRECTORY } } },
      connection: {
        local: { auth: 'pubkey', id: NAMES.moon },
        remote: { auth: 'pubkey', id: NAMES.sun },
      },
    },
    sun: {
      connection: {
        local: { auth: 'pubkey', id: NAMES.sun, certs: 'own.pem' },
        remote: { auth: 'pubkey', id: NAMES.moon },
      },
    },
  },
});

describeWith('lab', 'certificates in files are renewed while a tunnel carries traffic', () => {
  const shared = sharedSites(strongswan);
  const ca = new TestCa('Lab CA');
  const issue = (name: string, wishes: CertificateWishes = {}): Issued =>
    ca.issue(name, { dns: [NAMES.moon], ...wishes });

  async function run(first: Issued, body: (run: TunnelRun) => Promise<void>): Promise<void> {
    const { sites, sun } = shared();
    const trusted: CredentialFiles = { x509ca: { ca: ca.self.certificate } };
    const own = ca.issue('sun', { dns: [NAMES.sun] });
    await installCredentials(sites.moon, trusted);
    await installCredentials(sites.sun, {
      ...trusted,
      x509: { own: own.certificate },
      private: { own: own.privateKey },
    });
    await sites.moon.sh(
      `rm -rf ${DIRECTORY} /etc/live; mkdir -p ${DIRECTORY}/x509 ${DIRECTORY}/private /etc/live`,
    );
    publish(sites.moon, first);
    // The files are links into a folder that somebody else writes.
    for (const [file, target] of [
      ['x509/gw.pem', 'cert.pem'],
      ['private/gw.pem', 'key.pem'],
    ])
      await sites.moon.sh(`ln -s /etc/live/${target} ${DIRECTORY}/${file}`);
    await withTunnel(sites, sun, PLAN, {}, body);
  }

  function publish(host: TunnelRun['sites']['moon'], issued: Issued, what = 'both'): void {
    if (what !== 'certificate')
      host.write('/etc/live/key.pem', pem('PRIVATE KEY', issued.privateKey));
    if (what !== 'key') host.write('/etc/live/cert.pem', pem('CERTIFICATE', issued.certificate));
  }

  /** Authenticates anew, and resolves with the name of the certificate that the peer got. */
  async function reauthenticate({ moon, sun }: TunnelRun): Promise<string | undefined> {
    const count = (): number => shown(sun.log()).length;
    const before = count();
    await moon.swanctlOk('--rekey', '--ike', 'gw', '--reauth');
    await waitFor('the peer to get a certificate', () => count() > before);
    await waitFor('one IKE_SA', async () => {
      const sas = await moon.swanctlOk('--list-sas');
      return /ESTABLISHED/.test(sas) && /INSTALLED/.test(sas) && sas.match(/^gw: /gm)?.length === 1;
    });
    return shown(sun.log()).at(-1);
  }

  const shown = (log: string): readonly string[] =>
    [...log.matchAll(/received end entity cert "CN=([^"]*)"/g)].map(([, name = '']) => name);

  testWith('lab', 'the next authentication uses the new one, and no packet is lost', async () => {
    await run(issue('first'), async (tunnel) => {
      const { moon, sites } = tunnel;
      await establish(tunnel, 'moon');
      expect(shown(tunnel.sun.log())).toEqual(['first']);

      /** Changes files under traffic, and waits until our daemon says what it made of it. */
      async function change(files: () => void, said: RegExp): Promise<void> {
        const sa = async () => /^gw: #\d+/m.exec(await moon.swanctlOk('--list-sas'))?.[0];
        const before = await sa();
        const stream = Stream.start(sites.alice, ADDRESSES.sun[4].host);
        files();
        await waitFor(String(said), () => said.test(moon.log()));
        const { sent, lost, text } = await stream.stop();
        expect(sent, text).toBeGreaterThan(5);
        expect(lost, text).toBe(0);
        expect(await sa()).toBe(before);
      }

      const second = issue('second', { key: 'ed25519' });
      await change(
        () => publish(sites.moon, second, 'certificate'),
        /gw\.pem' is not used: .* do not belong together.*CN=first' stays in use/,
      );
      expect(await reauthenticate(tunnel)).toBe('first');
      await change(
        () => publish(sites.moon, second, 'key'),
        /replaced by certificate 'CN=second' from/,
      );
      expect(await reauthenticate(tunnel)).toBe('second');
      await change(
        () => publish(sites.moon, issue('old', { notAfter: new Date('2021-01-01') })),
        /is not used: the certificate expired on 2021-01-01.*CN=second' stays in use/,
      );
      await change(
        () => sites.moon.write('/etc/live/cert.pem', 'rubbish'),
        /is not used: found 7 octets.*CN=second' stays in use/,
      );
      expect(await reauthenticate(tunnel)).toBe('second');
      await change(
        () => publish(sites.moon, issue('third')),
        /replaced by certificate 'CN=third' from/,
      );
      expect(await reauthenticate(tunnel)).toBe('third');
      expect(await moon.swanctlOk('--list-certs')).toContain('has private key');
    });
  });
});
