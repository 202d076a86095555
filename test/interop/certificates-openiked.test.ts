import { installCredentials, pem } from '../lab/credentials.ts';
import type { Host } from '../lab/host.ts';
import { plan, type Side } from '../lab/plan.ts';
import { type Issued, TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { filesOf, NAMES } from './certificate-setting.ts';
import { sharedSites } from './peer-suite.ts';
import { openiked } from './peers.ts';
import { bothRoles, withTunnel } from './tunnel-run.ts';

/** Kinds of keys, and how iked.conf calls authentication with them. */
const KINDS = [
  { key: 'rsa2048', name: 'RSA', auth: 'rfc7427' },
  { key: 'p256', name: 'ECDSA P-256', auth: 'ecdsa256' },
  { key: 'p384', name: 'ECDSA P-384', auth: 'ecdsa384' },
  { key: 'p521', name: 'ECDSA P-521', auth: 'ecdsa521' },
] as const;

/** Puts a certificate with its key and its CA where iked looks for them. */
async function intoFolders(host: Host, own: Issued, ca: Issued): Promise<void> {
  await host.sh(`
    mkdir -p /etc/iked/ca /etc/iked/certs /etc/iked/private /etc/iked/crls
    rm -f /etc/iked/ca/* /etc/iked/certs/* /etc/iked/private/* /etc/iked/local.pub
  `);
  host.write('/etc/iked/ca/ca.crt', pem('CERTIFICATE', ca.certificate));
  host.write(`/etc/iked/certs/${NAMES.sun}.crt`, pem('CERTIFICATE', own.certificate));
  host.write('/etc/iked/private/local.key', pem('PRIVATE KEY', own.privateKey));
  // Its process for certificates is not root.
  await host.sh(
    'chmod 644 /etc/iked/ca/* /etc/iked/certs/*; chmod 600 /etc/iked/private/local.key',
  );
}

describeWith(['lab', 'openiked'], 'certificates with OpenIKED', () => {
  const shared = sharedSites(openiked);

  for (const { key, name, auth } of KINDS) {
    testWith('lab', `${name}, initiated by either side`, async () => {
      const { sites, sun } = shared();
      const ca = new TestCa('Lab CA', { key });
      const issue = (side: Side): Issued => ca.issue(side, { key, dns: [NAMES[side]] });
      await installCredentials(sites.moon, filesOf(issue('moon'), ca.self));
      await intoFolders(sites.sun, issue('sun'), ca.self);
      const connection = {
        send_cert: 'always',
        local: { auth: 'pubkey', certs: 'own.pem', id: NAMES.moon },
        remote: { auth: 'pubkey', id: NAMES.sun },
      };
      const extra = { moon: { connection }, sun: { openiked: auth } };
      await withTunnel(sites, sun, plan({ esp: 'aes128-sha512', extra }), {}, async (run) => {
        await bothRoles(run);
      });
    });
  }
});
