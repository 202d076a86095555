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

/** What iked finds in its folders. */
interface Folders {
  readonly own: Issued;
  readonly cas?: readonly Issued[];
  /** Leaves the certificates out: the peer's key is known instead. */
  readonly peer?: Issued;
}

/** Puts a key where iked looks for it, with a certificate and CAs or with the peer's key. */
async function intoFolders(host: Host, { own, cas = [], peer }: Folders): Promise<void> {
  await host.sh(`
    mkdir -p /etc/iked/ca /etc/iked/certs /etc/iked/private /etc/iked/crls /etc/iked/pubkeys/fqdn
    rm -f /etc/iked/ca/* /etc/iked/certs/* /etc/iked/private/* /etc/iked/pubkeys/fqdn/* /etc/iked/local.pub
  `);
  for (const [i, { certificate }] of cas.entries()) {
    host.write(`/etc/iked/ca/ca${i}.crt`, pem('CERTIFICATE', certificate));
  }
  if (peer === undefined) {
    host.write(`/etc/iked/certs/${NAMES.sun}.crt`, pem('CERTIFICATE', own.certificate));
  } else {
    host.write(`/etc/iked/pubkeys/fqdn/${NAMES.moon}`, pem('PUBLIC KEY', peer.spki));
    host.write('/etc/iked/local.pub', pem('PUBLIC KEY', own.spki));
  }
  host.write('/etc/iked/private/local.key', pem('PRIVATE KEY', own.privateKey));
  // Its process for certificates is not root.
  await host.sh(
    'chmod -R a+rX /etc/iked/ca /etc/iked/certs /etc/iked/pubkeys; chmod 600 /etc/iked/private/local.key',
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
      await intoFolders(sites.sun, { own: issue('sun'), cas: [ca.self] });
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

  testWith('lab', 'a CA of its own for each side below one root, initiated by either', async () => {
    const { sites, sun } = shared();
    const root = new TestCa('Lab Root', { key: 'rsa2048' });
    const [north, south] = [root.ca('North'), root.ca('South')];
    const own = north.issue('moon', { dns: [NAMES.moon] });
    await installCredentials(sites.moon, filesOf(own, root.self, north.self));
    const theirs = south.issue('sun', { dns: [NAMES.sun] });
    await intoFolders(sites.sun, { own: theirs, cas: [root.self, south.self] });
    const connection = {
      send_cert: 'always',
      local: { auth: 'pubkey', certs: 'own.pem', id: NAMES.moon },
      remote: { auth: 'pubkey', id: NAMES.sun },
    };
    const extra = { moon: { connection }, sun: { openiked: 'ecdsa256' } };
    await withTunnel(sites, sun, plan({ esp: 'aes128-sha512', extra }), {}, (run) =>
      bothRoles(run),
    );
  });

  testWith('lab', 'raw keys, initiated by either side', async () => {
    const { sites, sun } = shared();
    const of = (side: Side): Issued => new TestCa(side, { key: 'rsa2048' }).self;
    const [ours, theirs] = [of('moon'), of('sun')];
    await installCredentials(sites.moon, {
      private: { own: ours.privateKey },
      pubkey: { own: ours.spki, peer: theirs.spki },
    });
    await intoFolders(sites.sun, { own: theirs, peer: ours });
    const connection = {
      // It knows no raw keys in CERT payloads (RFC 7670), and is silent to whoever asks for one.
      send_cert: 'never',
      send_certreq: 'no',
      local: { auth: 'pubkey', pubkeys: 'own.pem', id: NAMES.moon },
      remote: { auth: 'pubkey', pubkeys: 'peer.pem', id: NAMES.sun },
    };
    const extra = { moon: { connection }, sun: { openiked: 'rfc7427' } };
    await withTunnel(sites, sun, plan({ esp: 'aes128-sha512', extra }), {}, (run) =>
      bothRoles(run),
    );
  });
});
