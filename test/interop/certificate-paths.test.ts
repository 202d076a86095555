import { expect } from 'vitest';
import { type CredentialFiles, installCredentials } from '../lab/credentials.ts';
import { otherSide, plan } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { caExtension, generalName } from '../support/test-pki.ts';
import { filesOf, NAMES, planOf, type Setting, SIDES } from './certificate-setting.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import {
  establish,
  expectGone,
  proveTraffic,
  type TunnelRun,
  takeDown,
  withTunnel,
} from './tunnel-run.ts';

const POLICY = '1.3.6.1.4.1.32473.1.1';

/** A CA below a root that constrains the names of what is issued. */
function constrainedCa(permitted: string): TestCa {
  const names = caExtension.nameConstraints([generalName.dns(permitted)]);
  return new TestCa('Constrained Root', { extensions: [names] }).ca('Constrained CA');
}

function permittedNames(): Setting {
  const ca = constrainedCa('example.org');
  return {
    name: 'name constraints that permit both names',
    files: {
      moon: filesOf(ca.issue('moon', { dns: [NAMES.moon] }), ca.root, ca.self),
      sun: filesOf(ca.issue('sun', { dns: [NAMES.sun] }), ca.root, ca.self),
    },
    scheme: /ECDSA_WITH_SHA256_DER/,
  };
}

function forbiddenName(): Setting {
  const ca = constrainedCa('example.net');
  const plain = new TestCa('Plain Root');
  return {
    name: '',
    files: {
      moon: filesOf(plain.issue('moon', { dns: [NAMES.moon] }), plain.self, ca.root),
      sun: filesOf(ca.issue('sun', { dns: [NAMES.sun] }), plain.self, ca.root, ca.self),
    },
    scheme: /x/,
  };
}

/**
 * The CA of both was signed by two roots, of which each side knows one. What comes from the other side leads to the root that is not
 * known. (charon tries one certificate of the CA only, the one that it has loaded.)
 */
function crossSigned(): Setting {
  const [north, south] = [new TestCa('North Root'), new TestCa('South Root')];
  const bridge = north.ca('Bridge');
  const other = south.ca('Bridge', { keys: bridge.self.keys });
  return {
    name: 'a CA that two roots signed',
    files: {
      moon: filesOf(bridge.issue('moon', { dns: [NAMES.moon] }), north.self, bridge.self),
      sun: filesOf(bridge.issue('sun', { dns: [NAMES.sun] }), south.self, other.self),
    },
    scheme: /ECDSA_WITH_SHA256_DER/,
  };
}

/** Both sides demand a policy, which the certificate of `sun` has or has not. */
function policies(sun: readonly string[]): Setting {
  const root = new TestCa('Policy Root');
  const ca = root.ca('Policy CA', { policies: [POLICY] });
  const demand = { cert_policy: POLICY };
  return {
    name: 'a certificate policy',
    files: {
      moon: filesOf(
        ca.issue('moon', { dns: [NAMES.moon], policies: [POLICY] }),
        root.self,
        ca.self,
      ),
      sun: filesOf(ca.issue('sun', { dns: [NAMES.sun], policies: sun }), root.self, ca.self),
    },
    remote: { moon: demand, sun: demand },
    scheme: /ECDSA_WITH_SHA256_DER/,
  };
}

/** A side that lacks the root of both, but has loaded the CA below it. */
function withoutRoot(side: 'moon' | 'sun'): Setting {
  const root = new TestCa('Missing Root');
  const ca = root.ca('Loaded CA');
  const files = (of: 'moon' | 'sun'): CredentialFiles => {
    const own = ca.issue(of, { dns: [NAMES[of]] });
    return of === side ? filesOf(own, ca.self) : filesOf(own, root.self, ca.self);
  };
  return { name: '', files: { moon: files('moon'), sun: files('sun') }, scheme: /x/ };
}

describeWith('lab', 'paths of certificates with strongSwan', () => {
  const shared = sharedSites(strongswan);

  async function run(setting: Setting, body: (run: TunnelRun) => Promise<void>): Promise<void> {
    const { sites, sun } = shared();
    for (const side of SIDES) await installCredentials(sites[side], setting.files[side]);
    await withTunnel(sites, sun, plan(planOf(setting)), {}, body);
  }

  for (const setting of [permittedNames(), crossSigned(), policies([POLICY])]) {
    for (const initiator of SIDES) {
      testWith('lab', `${setting.name}, initiated by ${initiator}`, () =>
        run(setting, async (tunnel) => {
          await establish(tunnel, initiator);
          await proveTraffic(tunnel);
          await takeDown(tunnel, otherSide(initiator));
        }),
      );
    }
  }

  const refused: readonly (readonly [name: string, setting: Setting, reason: RegExp])[] = [
    [
      'names that a CA must not certify',
      forbiddenName(),
      /"CN=sun" violates name constraints: 'sun\.example\.org' is not in 'example\.net'/,
    ],
    [
      'a certificate without the policy that is demanded',
      policies([]),
      new RegExp(`constraint requires cert policy ${POLICY.replaceAll('.', '\\.')}`),
    ],
    [
      'a CA below a root that is not loaded',
      withoutRoot('moon'),
      /no issuer certificate found for "CN=Loaded CA", issuer is "CN=Missing Root"/,
    ],
  ];
  for (const [name, setting, reason] of refused) {
    testWith('lab', `${name}: refused by both of our roles, and nothing is left`, () =>
      run(setting, async (tunnel) => {
        const { moon, sun } = tunnel;
        expect((await moon.initiate()).code).not.toBe(0);
        expect(moon.log()).toMatch(reason);
        await expectGone(tunnel);
        const theirs = await sun.initiate();
        expect(`${theirs.stdout}${theirs.stderr}`).toContain('AUTHENTICATION_FAILED');
        const count = (): number => moon.log().match(new RegExp(reason, 'g'))?.length ?? 0;
        await waitFor('our reason', async () => count() >= 2);
        await expectGone(tunnel);
      }),
    );
  }

  // What makes a trust anchor is the peer's opinion too.
  testWith('lab', 'charon refuses a CA below a root that is not loaded as well', () =>
    run(withoutRoot('sun'), async (tunnel) => {
      const ours = await tunnel.moon.initiate();
      expect(ours.code).not.toBe(0);
      expect(tunnel.sun.log()).toMatch(/no issuer certificate found for "CN=Loaded CA"/);
      await expectGone(tunnel);
    }),
  );
});
