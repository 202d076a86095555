import { expect } from 'vitest';
import { type CredentialFiles, installCredentials } from '../lab/credentials.ts';
import { otherSide, plan, type Side } from '../lab/plan.ts';
import { type Issued, TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { filesOf, NAMES, planOf, type Setting, SIDES } from './certificate-setting.ts';
import { sharedSites } from './peer-suite.ts';
import { strongswan } from './peers.ts';
import { pkcs12 } from './pkcs12.ts';
import { establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

const EMPTY = new Uint8Array(0);
const P256 = /ECDSA_WITH_SHA256_DER/;

/** Both sides have a certificate of one CA. */
function oneCa(ca: TestCa = new TestCa('Lab CA')): Setting['files'] {
  const of = (side: Side): CredentialFiles =>
    filesOf(ca.issue(side, { dns: [NAMES[side]] }), ca.self);
  return { moon: of('moon'), sun: of('sun') };
}

/** Our side has a certificate of two CAs, and the peer believes one of them: what is sent follows from what it asks for. */
function twoCas(): Setting {
  const [east, west] = [new TestCa('East'), new TestCa('West')];
  const own = [west, east].map((ca) => ca.issue('moon', { dns: [NAMES.moon] }));
  const [first, second] = own;
  return {
    name: 'a certificate of the CA that the peer asks for',
    files: {
      moon: {
        x509: { a: certificateOf(first), b: certificateOf(second) },
        private: { a: keyOf(first), b: keyOf(second) },
        x509ca: { east: east.self.certificate, west: west.self.certificate },
      },
      sun: filesOf(east.issue('sun', { dns: [NAMES.sun] }), east.self),
    },
    local: { moon: { certs: '' } },
    scheme: P256,
  };
}

const certificateOf = (issued: Issued | undefined): Uint8Array => issued?.certificate ?? EMPTY;
const keyOf = (issued: Issued | undefined): Uint8Array => issued?.privateKey ?? EMPTY;

function container(): Setting {
  const files = oneCa();
  const pack = (side: Side): CredentialFiles => {
    const { x509, private: keys, x509ca } = files[side];
    const p12 = pkcs12(x509?.['own'] ?? EMPTY, keys?.['own'] ?? EMPTY, 'a passphrase');
    return { x509ca: x509ca ?? {}, pkcs12: { own: p12 } };
  };
  const local = { certs: '' };
  const secrets = { 'pkcs12-own': { file: 'own.p12', secret: 'a passphrase' } };
  return {
    name: 'PKCS#12 containers',
    files: { moon: pack('moon'), sun: pack('sun') },
    local: { moon: local, sun: local },
    secrets,
    scheme: P256,
  };
}

function wildcard(id: string): Setting {
  return {
    name: `peers named ${id}`,
    files: oneCa(),
    remote: { moon: { id }, sun: { id } },
    scheme: P256,
  };
}

function thenCertificate(): Setting {
  const ca = new TestCa('Lab CA');
  const files = oneCa(ca);
  const more = (side: Side): CredentialFiles => {
    const other = ca.issue(`second ${side}`, { key: 'p384', dns: [NAMES[side]] });
    return {
      ...files[side],
      x509: { ...files[side].x509, second: other.certificate },
      private: { ...files[side].private, second: other.privateKey },
    };
  };
  const second = (side: Side, peer: Side) => ({
    'local-2': { round: 2, auth: 'pubkey', certs: 'second.pem', id: NAMES[side] },
    'remote-2': { round: 2, auth: 'pubkey', id: NAMES[peer] },
  });
  return {
    name: 'a certificate, then another',
    files: { moon: more('moon'), sun: more('sun') },
    connection: { moon: second('moon', 'sun'), sun: second('sun', 'moon') },
    scheme: P256,
  };
}

const ACCEPTED: readonly Setting[] = [
  container(),
  twoCas(),
  wildcard('*.example.org'),
  thenCertificate(),
];

describeWith('lab', 'other credentials with strongSwan', () => {
  const shared = sharedSites(strongswan);

  for (const setting of ACCEPTED) {
    for (const initiator of SIDES) {
      testWith('lab', `${setting.name}, initiated by ${initiator}`, async () => {
        const { sites, sun } = shared();
        for (const side of SIDES) await installCredentials(sites[side], setting.files[side]);
        await withTunnel(sites, sun, plan(planOf(setting)), {}, async (run) => {
          await establish(run, initiator);
          await proveTraffic(run);
          const line = `authentication of '${NAMES.sun}' with ${setting.scheme.source} successful`;
          expect(run.moon.log()).toMatch(new RegExp(line));
          await takeDown(run, otherSide(initiator));
        });
      });
    }
  }
});
