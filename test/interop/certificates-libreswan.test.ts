import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import { installCredentials } from '../lab/credentials.ts';
import { plan, type Side } from '../lab/plan.ts';
import { type Issued, TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import type { TestKeyKind } from '../support/private-keys.ts';
import { filesOf, NAMES } from './certificate-setting.ts';
import { intoDatabase } from './libreswan-database.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { bothRoles, withTunnel } from './tunnel-run.ts';

/** A kind of keys, how libreswan calls authentication with them, and how our log calls what it does then. */
interface Kind {
  readonly key: TestKeyKind;
  readonly name: string;
  readonly authby: string;
  readonly scheme: RegExp;
}

const KINDS: readonly Kind[] = [
  { key: 'rsa2048', name: 'RSA', authby: 'rsasig', scheme: /RSA_EMSA_\w+/ },
  {
    key: 'rsa2048',
    name: 'RSASSA-PSS with SHA2-384',
    authby: 'rsa-sha2_384',
    scheme: /RSA_EMSA_PSS_SHA2_384_SALT_48/,
  },
  { key: 'p256', name: 'ECDSA P-256', authby: 'ecdsa', scheme: /ECDSA_WITH_SHA\d+_DER/ },
  { key: 'p384', name: 'ECDSA P-384', authby: 'ecdsa-sha2_384', scheme: /ECDSA_WITH_SHA384_DER/ },
  { key: 'p521', name: 'ECDSA P-521', authby: 'ecdsa-sha2_512', scheme: /ECDSA_WITH_SHA512_DER/ },
];

const CONNECTION: ConfTree = {
  // It asks for no certificate when it initiates.
  send_cert: 'always',
  // It sends no OCSP responses (RFC 4806), and does not mind being asked.
  ocsp: 'both',
  local: { auth: 'pubkey', certs: 'own.pem', id: NAMES.moon },
  remote: { auth: 'pubkey', id: NAMES.sun },
};

describeWith(['lab', 'libreswan'], 'certificates with libreswan', () => {
  const shared = sharedSites(libreswan);

  for (const { key, name, authby, scheme } of KINDS) {
    testWith('lab', `${name}, initiated by either side`, async () => {
      const { sites, sun } = shared();
      const ca = new TestCa('Lab CA', { key });
      const issue = (side: Side): Issued => ca.issue(side, { key, dns: [NAMES[side]] });
      await installCredentials(sites.moon, filesOf(issue('moon'), ca.self));
      await intoDatabase(sites.sun, ca.self, issue('sun'));
      const charon = name.includes('PSS') ? { rsa_pss: 'yes' } : {};
      const theirs = { authby, leftcert: 'own', leftsendcert: 'always' };
      const extra = { moon: { connection: CONNECTION, charon }, sun: { libreswan: theirs } };
      await withTunnel(sites, sun, plan({ extra }), {}, async (run) => {
        await bothRoles(run);
        const line = `authentication of '${NAMES.sun}' with ${scheme.source} successful`;
        const said = run.moon.log().match(new RegExp(line, 'g'));
        expect(said, run.moon.log()).toHaveLength(2);
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
    await intoDatabase(sites.sun, root.self, theirs, [south.self]);
    const libreswan = { authby: 'ecdsa', leftcert: 'own', leftsendcert: 'always', sendca: 'all' };
    const extra = { moon: { connection: CONNECTION }, sun: { libreswan } };
    await withTunnel(sites, sun, plan({ extra }), {}, (run) => bothRoles(run));
  });

  testWith('lab', 'raw RSA keys, initiated by either side', async () => {
    const { sites, sun } = shared();
    const of = (side: Side): Issued => new TestCa(side, { key: 'rsa2048' }).self;
    const [ours, theirs] = [of('moon'), of('sun')];
    await installCredentials(sites.moon, {
      private: { own: ours.privateKey },
      pubkey: { own: ours.spki, peer: theirs.spki },
    });
    await intoDatabase(sites.sun, theirs, theirs);
    const connection = {
      local: { auth: 'pubkey', pubkeys: 'own.pem', id: NAMES.moon },
      remote: { auth: 'pubkey', pubkeys: 'peer.pem', id: NAMES.sun },
    };
    const libreswan = {
      authby: 'rsasig',
      leftrsasigkey: rsaSigKey(theirs),
      rightrsasigkey: rsaSigKey(ours),
    };
    const extra = { moon: { connection }, sun: { libreswan } };
    await withTunnel(sites, sun, plan({ extra }), {}, (run) => bothRoles(run));
  });
});

/** A public key in the words of ipsec.conf: exponent and modulus of RFC 3110 in base64. */
function rsaSigKey({ keys }: Issued): string {
  const { e = '', n = '' } = keys.publicKey.export({ format: 'jwk' });
  const exponent = Buffer.from(e, 'base64url');
  const octets = [Buffer.of(exponent.length), exponent, Buffer.from(n, 'base64url')];
  return `0s${Buffer.concat(octets).toString('base64')}`;
}
