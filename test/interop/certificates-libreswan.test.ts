import { expect } from 'vitest';
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

describeWith(['lab', 'libreswan'], 'certificates with libreswan', () => {
  const shared = sharedSites(libreswan);

  for (const { key, name, authby, scheme } of KINDS) {
    testWith('lab', `${name}, initiated by either side`, async () => {
      const { sites, sun } = shared();
      const ca = new TestCa('Lab CA', { key });
      const issue = (side: Side): Issued => ca.issue(side, { key, dns: [NAMES[side]] });
      await installCredentials(sites.moon, filesOf(issue('moon'), ca.self));
      await intoDatabase(sites.sun, ca.self, issue('sun'));
      const connection = {
        // It asks for no certificate when it initiates.
        send_cert: 'always',
        // It sends no OCSP responses (RFC 4806), and does not mind being asked.
        ocsp: 'both',
        local: { auth: 'pubkey', certs: 'own.pem', id: NAMES.moon },
        remote: { auth: 'pubkey', id: NAMES.sun },
      };
      const charon = name.includes('PSS') ? { rsa_pss: 'yes' } : {};
      const theirs = { authby, leftcert: 'own', leftsendcert: 'always' };
      const extra = { moon: { connection, charon }, sun: { libreswan: theirs } };
      await withTunnel(sites, sun, plan({ extra }), {}, async (run) => {
        await bothRoles(run);
        const line = `authentication of '${NAMES.sun}' with ${scheme.source} successful`;
        const said = run.moon.log().match(new RegExp(line, 'g'));
        expect(said, run.moon.log()).toHaveLength(2);
      });
    });
  }
});
