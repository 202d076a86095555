import { installCredentials, pem } from '../lab/credentials.ts';
import type { Host } from '../lab/host.ts';
import { plan } from '../lab/plan.ts';
import { type Issued, TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { filesOf, NAMES, SIDES } from './certificate-setting.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { pkcs12 } from './pkcs12.ts';
import { establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

/** Kinds of keys, and how libreswan calls authentication with them. */
const KINDS = [
  { key: 'rsa2048', name: 'RSA', authby: 'rsasig' },
  { key: 'p256', name: 'ECDSA P-256', authby: 'ecdsa' },
] as const;

const NSS = 'sql:/var/lib/ipsec/nss';

/** Puts a certificate with its key and its CA into libreswan's database, the first by the name of `own`. */
async function intoDatabase(host: Host, own: Issued, ca: Issued): Promise<void> {
  const container = pkcs12(own.certificate, own.privateKey, 'secret', [ca.certificate]);
  host.write('/root/ca.pem', pem('CERTIFICATE', ca.certificate));
  await host.sh(`
    rm -f /var/lib/ipsec/nss/*.db
    ipsec initnss
    echo ${Buffer.from(container).toString('base64')} | base64 -d > /root/own.p12
    pk12util -i /root/own.p12 -d ${NSS} -W secret -K ''
    certutil -A -n lab-ca -t CT,, -d ${NSS} -i /root/ca.pem
  `);
}

describeWith(['lab', 'libreswan'], 'certificates with libreswan', () => {
  const shared = sharedSites(libreswan);

  for (const { key, name, authby } of KINDS) {
    for (const initiator of SIDES) {
      testWith('lab', `${name}, initiated by ${initiator}`, async () => {
        const { sites, sun } = shared();
        const ca = new TestCa('Lab CA', { key });
        const issue = (side: (typeof SIDES)[number]): Issued =>
          ca.issue(side, { key, dns: [NAMES[side]] });
        await installCredentials(sites.moon, filesOf(issue('moon'), ca.self));
        await intoDatabase(sites.sun, issue('sun'), ca.self);
        const connection = {
          // It asks for no certificate when it initiates.
          send_cert: 'always',
          local: { auth: 'pubkey', certs: 'own.pem', id: NAMES.moon },
          remote: { auth: 'pubkey', id: NAMES.sun },
        };
        const theirs = { authby, leftcert: 'own', leftsendcert: 'always' };
        const extra = { moon: { connection }, sun: { libreswan: theirs } };
        await withTunnel(sites, sun, plan({ extra }), {}, async (run) => {
          await establish(run, initiator);
          await proveTraffic(run);
          await takeDown(run, initiator);
        });
      });
    }
  }
});
