import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { CharonGateway } from '../lab/charon-gateway.ts';
import { STRONGSWAN } from '../lab/charon-programs.ts';
import type { ConfTree } from '../lab/conf-text.ts';
import { installCredentials } from '../lab/credentials.ts';
import { OpensslCa, type OpensslCertificate, type OpensslWishes } from '../lab/openssl-ca.ts';
import { OCSP_PORT, PkiServers, SILENT_PORT } from '../lab/pki-servers.ts';
import { ADDRESSES, type ExtraSettings, otherSide, plan, type Side } from '../lab/plan.ts';
import { makeSites, type Sites } from '../lab/sites.ts';
import { waitFor } from '../lab/wait.ts';
import { describeWith, testWith } from '../support/capability.ts';
import {
  establish,
  expectGone,
  proveTraffic,
  type TunnelRun,
  takeDown,
  withTunnel,
} from './tunnel-run.ts';

// CRLs and OCSP of openssl, a web server and a directory on the router; the peer whose certificate is judged is strongSwan.

const SIDES = ['moon', 'sun'] as const;
const NAMES = { moon: 'moon.example.org', sun: 'sun.example.org' } as const;
/** The router, as moon and sun reach it. */
const SERVER = ADDRESSES.moon[4].router;
const CRL = `URI:http://${SERVER}/ca.crl`;
const OCSP = `OCSP;URI:http://${SERVER}:${OCSP_PORT}/`;
const SILENT = `OCSP;URI:http://${SERVER}:${SILENT_PORT}/`;
const DAY = 24 * 3_600_000;
const NEEDS = ['lab', 'servers'] as const;

const REVOKED = /certificate was revoked on .*, reason: key ?compromise/i;

describeWith(NEEDS, 'revocation with strongSwan', () => {
  let sites: Sites;
  let servers: PkiServers;
  let sun: CharonGateway;
  let pkis = 0;

  beforeAll(async () => {
    sites = await makeSites('revocation', 'strongswan', 'servers');
    servers = new PkiServers(sites.router);
    sun = new CharonGateway(sites.sun, STRONGSWAN);
  });
  afterAll(() => sites?.[Symbol.asyncDispose]());
  afterEach(() => servers.stopAll());

  const newCa = (): OpensslCa => new OpensslCa(`${sites.lab.folder}/pki-${pkis++}`);

  /** Both sides with certificates of the CA; what is said about sun's is what matters. */
  async function withCertificates(
    ca: OpensslCa,
    wishes: Partial<Record<Side, OpensslWishes>>,
    extra: Partial<Record<Side, ExtraSettings & { readonly remote?: ConfTree }>>,
    body: (run: TunnelRun, certificates: Record<Side, OpensslCertificate>) => Promise<void>,
  ): Promise<void> {
    const issue = (side: Side) => ca.issue(side, { dns: NAMES[side], ...wishes[side] });
    const certificates = { moon: issue('moon'), sun: issue('sun') };
    const settings = (side: Side): ExtraSettings => {
      const { remote = {}, connection = {}, ...rest } = extra[side] ?? {};
      return {
        ...rest,
        connection: {
          local: { auth: 'pubkey', certs: 'own.pem', id: NAMES[side] },
          remote: { auth: 'pubkey', id: NAMES[otherSide(side)], ...remote },
          ...connection,
        },
      };
    };
    for (const side of SIDES) {
      await installCredentials(sites[side], {
        x509: { own: certificates[side].certificate },
        private: { own: certificates[side].privateKey },
        x509ca: { ca: ca.certificate },
      });
    }
    const whole = plan({ extra: { moon: settings('moon'), sun: settings('sun') } });
    await withTunnel(sites, sun, whole, {}, (run) => body(run, certificates));
  }

  /** The tunnel comes up from one side. */
  async function accepted(run: TunnelRun, from: Side): Promise<void> {
    await establish(run, from);
    await takeDown(run, 'moon');
  }

  /** We refuse the peer with this reason, which it does not learn; nothing is left. */
  async function refused(run: TunnelRun, from: Side, reason: RegExp): Promise<void> {
    const before = run.moon.log().length;
    const done = await (from === 'moon' ? run.moon : sun).initiate();
    expect(done.code).not.toBe(0);
    const told = `${done.stdout}${done.stderr}`;
    if (from === 'moon') expect(told).toMatch(reason);
    else expect(told).toContain('AUTHENTICATION_FAILED');
    await waitFor('our reason', async () => reason.test(run.moon.log().slice(before)));
    await expectGone(run);
  }

  const flush = ({ moon }: TunnelRun): Promise<string> => moon.swanctlOk('--flush-certs');

  for (const policy of ['strict', 'ifuri', 'relaxed'] as const) {
    testWith(NEEDS, `a CRL by HTTP, revocation = ${policy}`, async () => {
      const ca = newCa();
      const extra = { moon: { remote: { revocation: policy } } };
      await withCertificates(ca, { sun: { crl: CRL } }, extra, async (run) => {
        const least = policy === 'strict' ? 'GOOD' : 'SKIPPED';
        const is = (what: string): RegExp =>
          new RegExp(`RULE_CRL_VALIDATION is ${what}, but requires at least ${least}`);
        // nobody listens
        if (policy === 'relaxed') await accepted(run, 'moon');
        else await refused(run, 'moon', is('FAILED'));
        await servers.web();
        servers.publish('ca.crl', ca.crl(new Date(Date.now() - DAY)));
        await flush(run);
        if (policy === 'relaxed') await accepted(run, 'sun');
        else await refused(run, 'sun', is('STALE'));
        servers.publish('ca.crl', ca.crl(new Date(Date.now() + DAY)));
        await flush(run);
        await establish(run, 'sun');
        await proveTraffic(run);
        expect(run.moon.log()).toContain('certificate status is good');
        await takeDown(run, 'sun');
        ca.revoke('sun');
        servers.publish('ca.crl', ca.crl(new Date(Date.now() + DAY)));
        await flush(run);
        for (const side of SIDES) await refused(run, side, REVOKED);
      });
    });
  }

  testWith(NEEDS, 'a CRL by LDAP from OpenLDAP', async () => {
    const ca = newCa();
    const crl = `URI:ldap://${SERVER}/cn=ca%2Cdc=lab?certificateRevocationList%3Bbinary`;
    const extra = { moon: { remote: { revocation: 'strict' } } };
    await withCertificates(ca, { sun: { crl } }, extra, async (run) => {
      await servers.ldap(ca.crl(new Date(Date.now() + DAY)));
      await accepted(run, 'sun');
      ca.revoke('sun');
      await servers.ldap(ca.crl(new Date(Date.now() + DAY)));
      await flush(run);
      await refused(run, 'moon', REVOKED);
    });
  });

  testWith(NEEDS, 'OCSP by the CA itself and by a delegated responder', async () => {
    const ca = newCa();
    ca.issue('responder', { lines: ['extendedKeyUsage = OCSPSigning', 'noCheck = ignored'] });
    ca.issue('impostor', { lines: ['extendedKeyUsage = serverAuth'] });
    const extra = { moon: { remote: { revocation: 'strict' } } };
    await withCertificates(ca, { sun: { access: OCSP } }, extra, async (run) => {
      await servers.ocsp(ca, { kind: 'ca' });
      await accepted(run, 'sun');
      expect(run.moon.log()).toContain('ocsp response correctly signed by "CN=Lab CA"');
      await servers.ocsp(ca, { kind: 'delegated', name: 'responder' });
      await flush(run);
      await accepted(run, 'moon');
      expect(run.moon.log()).toContain('ocsp response correctly signed by "CN=responder"');
      await servers.ocsp(ca, { kind: 'delegated', name: 'impostor' });
      await flush(run);
      await refused(run, 'sun', /RULE_CRL_VALIDATION is FAILED/);
      ca.revoke('sun');
      await servers.ocsp(ca, { kind: 'delegated', name: 'responder' });
      await flush(run);
      for (const side of SIDES) await refused(run, side, REVOKED);
    });
  });

  testWith(
    NEEDS,
    'a responder that hangs costs ten seconds, or less if there is a CRL',
    async () => {
      const ca = newCa();
      const extra = { moon: { remote: { revocation: 'strict' } } };
      await servers.silence();
      await withCertificates(ca, { sun: { access: SILENT } }, extra, async (run) => {
        const begin = Date.now();
        await refused(run, 'moon', /does not answer in time/);
        expect(Date.now() - begin).toBeLessThan(20_000);
      });
      await servers.web();
      servers.publish('ca.crl', ca.crl(new Date(Date.now() + DAY)));
      await withCertificates(ca, { sun: { access: SILENT, crl: CRL } }, extra, async (run) => {
        await accepted(run, 'sun');
      });
    },
  );

  testWith(
    NEEDS,
    "OCSP responses in IKE: ours for strongSwan, and strongSwan's for us",
    async () => {
      const ca = newCa();
      await servers.ocsp(ca, { kind: 'ca' });
      const side = { remote: { revocation: 'strict' }, connection: { ocsp: 'both' } };
      const access = { access: OCSP };
      await withCertificates(
        ca,
        { moon: access, sun: access },
        { moon: side, sun: side },
        async (run) => {
          await servers.ocsp(ca, { kind: 'ca' });
          for (const from of SIDES) await accepted(run, from);
          expect(run.moon.log()).toMatch(/sending OCSP status for certificate: CN=moon/);
          expect(sun.log()).toMatch(/received OCSP response issued by "CN=Lab CA"/);
          expect(run.moon.log()).toMatch(/ocsp response correctly signed by "CN=Lab CA"/);
          // about our own certificate; strongSwan sent what is said about its own
          expect(run.moon.log().match(/requesting ocsp status/g)).toHaveLength(1);
        },
      );
    },
  );

  testWith(NEEDS, 'certificates by hash and URL in both directions', async () => {
    const ca = newCa();
    const base = `http://${SERVER}/certs-`;
    const side: ExtraSettings = {
      charon: { hash_and_url: 'yes' },
      authorities: { lab: { cacert: 'ca.pem', cert_uri_base: base } },
    };
    await servers.web();
    await withCertificates(ca, {}, { moon: side, sun: side }, async (run, certificates) => {
      for (const { certificate } of Object.values(certificates)) {
        const digest = await crypto.subtle.digest('SHA-1', Uint8Array.from(certificate));
        servers.publish(`certs-${Buffer.from(digest).toString('hex')}`, certificate);
      }
      for (const from of SIDES) await accepted(run, from);
      expect(run.moon.log()).toMatch(/sending hash-and-url/);
      expect(run.moon.log()).toContain('fetched certificate "CN=sun"');
      expect(sun.log()).toContain('fetched certificate "CN=moon"');
    });
  });
});
