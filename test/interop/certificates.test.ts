import { expect } from 'vitest';
import type { ConfTree } from '../lab/conf-text.ts';
import { type CredentialFiles, installCredentials } from '../lab/credentials.ts';
import { otherSide, plan, type Side } from '../lab/plan.ts';
import { waitFor } from '../lab/wait.ts';
import { TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import type { TestKeyKind } from '../support/private-keys.ts';
import { filesOf, NAMES, planOf, type Setting, SIDES } from './certificate-setting.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import {
  bothRoles,
  establish,
  expectGone,
  proveTraffic,
  type TunnelRun,
  takeDown,
  withTunnel,
} from './tunnel-run.ts';

/** Both sides have a certificate of one CA. */
function oneCa(key: TestKeyKind, ca = new TestCa('Lab CA')): Setting['files'] {
  const of = (side: Side): CredentialFiles =>
    filesOf(ca.issue(side, { key, dns: [NAMES[side]] }), ca.self);
  return { moon: of('moon'), sun: of('sun') };
}

/** Kinds of keys and of signatures with them. */
const KINDS: readonly Setting[] = [
  {
    name: 'RSA',
    files: oneCa('rsa2048'),
    scheme: /RSA_EMSA_PKCS1_SHA2_256/,
  },
  {
    name: 'RSASSA-PSS',
    files: oneCa('rsa2048'),
    charon: { rsa_pss: 'yes' },
    scheme: /RSA_EMSA_PSS_SHA2_256_SALT_32/,
  },
  { name: 'ECDSA P-256', files: oneCa('p256'), scheme: /ECDSA_WITH_SHA256_DER/ },
  { name: 'ECDSA P-384', files: oneCa('p384'), scheme: /ECDSA_WITH_SHA384_DER/ },
  { name: 'ECDSA P-521', files: oneCa('p521'), scheme: /ECDSA_WITH_SHA512_DER/ },
  { name: 'Ed25519', files: oneCa('ed25519'), scheme: /ED25519/ },
  { name: 'Ed448', files: oneCa('ed448'), scheme: /ED448/ },
  {
    name: 'ECDSA P-384 without RFC 7427',
    files: oneCa('p384'),
    charon: { signature_authentication: 'no' },
    scheme: /ECDSA-384 signature/,
  },
  ...([256, 384, 512] as const).map(brainpool),
];

const SETTINGS: readonly Setting[] = [
  twoLevels(),
  quantumSafe(),
  rawKeys(),
  certificateThenSecret('moon', 'sun'),
  certificateThenSecret('moon'),
  certificateThenSecret('sun'),
];

/** A curve of RFC 5639, for keys and key exchange. RFC 7427 names signatures with it by the hash alone: the key tells the curve. */
function brainpool(bits: 256 | 384 | 512): Setting {
  const key: TestKeyKind = `brainpoolP${bits}r1`;
  const both: ConfTree = { proposals: `aes256gcm16-prfsha256-ecp${bits}bp` };
  return {
    name: `key exchange and ECDSA with ${key}`,
    files: oneCa(key, new TestCa('Lab CA', { key })),
    connection: { moon: both, sun: both },
    scheme: new RegExp(`ECDSA_WITH_SHA${bits}_DER`),
  };
}

/** The signatures cover IKE_INTERMEDIATE (RFC 9242) and the PPK (RFC 8784). */
function quantumSafe(): Setting {
  const both: ConfTree = {
    proposals: 'aes256gcm16-prfsha384-ecp384-ke1_mlkem768',
    ppk_id: 'a-ppk',
    ppk_required: 'yes',
  };
  return {
    name: 'RSA after P-384 with ML-KEM-768, with a PPK',
    files: oneCa('rsa2048'),
    connection: { moon: both, sun: both },
    secrets: { 'ppk-one': { id: 'a-ppk', secret: 'ooNg1aiyeegohGh5ahtheiquohwoh2Ei' } },
    scheme: /RSA_EMSA_PKCS1_SHA2_256/,
  };
}

/** A CA below the root, which only the side that has a certificate of it knows. */
function twoLevels(): Setting {
  const root = new TestCa('Lab Root', { key: 'rsa2048' });
  const [north, south] = [root.ca('North'), root.ca('South')];
  return {
    name: 'a CA of its own for each side below one root',
    files: {
      moon: filesOf(north.issue('moon', { dns: [NAMES.moon] }), root.self, north.self),
      sun: filesOf(south.issue('sun', { dns: [NAMES.sun] }), root.self, south.self),
    },
    scheme: /ECDSA_WITH_SHA256_DER/,
  };
}

/** No certificates at all: each side has the key of the other. */
function rawKeys(): Setting {
  const keys = { moon: new TestCa('moon').self, sun: new TestCa('sun').self };
  const of = (side: Side): CredentialFiles => ({
    private: { own: keys[side].privateKey },
    pubkey: { own: keys[side].spki, peer: keys[otherSide(side)].spki },
  });
  const local = { certs: undefined, pubkeys: 'own.pem' };
  const remote = { pubkeys: 'peer.pem' };
  return {
    name: 'raw public keys',
    files: { moon: of('moon'), sun: of('sun') },
    local: { moon: local, sun: local },
    remote: { moon: remote, sun: remote },
    scheme: /ECDSA_WITH_SHA256_DER/,
  };
}

/** Two rounds of these sides, one of the others, RFC 4739. */
function certificateThenSecret(...twice: readonly Side[]): Setting {
  const rounds = (of: Side, name: 'local' | 'remote', certs?: string): ConfTree => {
    const id = NAMES[of];
    const second = twice.includes(of) ? { round: 2, auth: 'psk', id } : undefined;
    return { [`${name}-1`]: { round: 1, auth: 'pubkey', certs, id }, [`${name}-2`]: second };
  };
  const connection = (side: Side): ConfTree => ({
    local: undefined,
    remote: undefined,
    ...rounds(side, 'local', 'own.pem'),
    ...rounds(otherSide(side), 'remote'),
  });
  return {
    name: `a certificate, then a shared key of ${twice.join(' and ')}`,
    files: oneCa('p256'),
    connection: { moon: connection('moon'), sun: connection('sun') },
    scheme: twice.includes('sun') ? /pre-shared key/ : /ECDSA_WITH_SHA256_DER/,
  };
}

describeWith('lab', 'certificates with strongSwan', () => {
  const shared = sharedSites(strongswan);

  async function run(setting: Setting, body: (run: TunnelRun) => Promise<void>): Promise<void> {
    const { sites, sun } = shared();
    for (const side of SIDES) await installCredentials(sites[side], setting.files[side]);
    await withTunnel(sites, sun, plan(planOf(setting)), {}, body);
  }

  for (const setting of SETTINGS) {
    for (const initiator of SIDES) {
      testWith('lab', `${setting.name}, initiated by ${initiator}`, () =>
        run(setting, async (tunnel) => {
          await establish(tunnel, initiator);
          await proveTraffic(tunnel);
          const line = `authentication of '${NAMES.sun}' with ${setting.scheme.source} successful`;
          expect(tunnel.moon.log()).toMatch(new RegExp(line));
          await takeDown(tunnel, otherSide(initiator));
        }),
      );
    }
  }

  for (const setting of KINDS) {
    testWith('lab', `${setting.name}, initiated by either side`, () =>
      run(setting, async (tunnel) => {
        await bothRoles(tunnel);
        const line = `authentication of '${NAMES.sun}' with ${setting.scheme.source} successful`;
        expect(tunnel.moon.log().match(new RegExp(line, 'g'))).toHaveLength(2);
      }),
    );
  }

  const refused: readonly (readonly [name: string, setting: Setting, reason: RegExp])[] = [
    [
      'a certificate of another CA',
      {
        name: '',
        files: {
          moon: oneCa('p256').moon,
          sun: {
            ...filesOf(
              new TestCa('Mallory CA').issue('sun', { dns: [NAMES.sun] }),
              new TestCa('Lab CA').self,
            ),
          },
        },
        scheme: /x/,
      },
      /no trusted ECDSA public key found for 'sun\.example\.org'/,
    ],
    [
      'an expired certificate',
      {
        name: '',
        files: {
          moon: oneCa('p256').moon,
          sun: filesOf(
            new TestCa('Lab CA').issue('sun', {
              dns: [NAMES.sun],
              notAfter: new Date('2024-01-01'),
            }),
            new TestCa('Lab CA').self,
          ),
        },
        scheme: /x/,
      },
      /no trusted ECDSA public key found for 'sun\.example\.org'/,
    ],
  ];
  for (const [name, setting, reason] of refused) {
    testWith('lab', `${name}: refused by both of our roles, and nothing is left`, () =>
      run(setting, async (tunnel) => {
        const { moon, sun } = tunnel;
        const ours = await moon.initiate();
        expect(ours.code).not.toBe(0);
        expect(`${ours.stdout}${ours.stderr}`).toMatch(reason);
        await expectGone(tunnel);
        const theirs = await sun.initiate();
        expect(theirs.code).not.toBe(0);
        expect(`${theirs.stdout}${theirs.stderr}`).toContain('AUTHENTICATION_FAILED');
        await waitFor('our reason', async () => reason.test(moon.log()));
        await expectGone(tunnel);
      }),
    );
  }
});
