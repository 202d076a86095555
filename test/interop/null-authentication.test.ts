import { expect } from 'vitest';
import { installCredentials } from '../lab/credentials.ts';
import { type PartialPlan, plan, type Side } from '../lab/plan.ts';
import { TestCa } from '../sim/pki.ts';
import { describeWith, testWith } from '../support/capability.ts';
import { filesOf, NAMES, SIDES } from './certificate-setting.ts';
import { intoDatabase } from './libreswan-database.ts';
import { sharedSites } from './peer-suite.ts';
import { libreswan } from './peers.ts';
import { bothRoles, establish, proveTraffic, takeDown, withTunnel } from './tunnel-run.ts';

const NOBODY = '%null';

/** The identities of both sides when these have none, and how libreswan is told. */
function identities(...nobody: readonly Side[]): {
  readonly identity: Readonly<Record<Side, string>>;
  readonly leftid: string;
  readonly rightid: string;
} {
  const of = (side: Side): string => (nobody.includes(side) ? NOBODY : NAMES[side]);
  const written = (side: Side): string => (nobody.includes(side) ? NOBODY : `@${NAMES[side]}`);
  return {
    identity: { moon: of('moon'), sun: of('sun') },
    leftid: written('sun'),
    rightid: written('moon'),
  };
}

function neither(): PartialPlan {
  const { identity, ...ids } = identities('moon', 'sun');
  const round = { auth: 'null', id: undefined };
  return {
    identity,
    extra: {
      moon: { connection: { local: round, remote: round } },
      sun: { libreswan: { authby: 'null', ...ids } },
    },
  };
}

/** A gateway that has a certificate, and a client that proves nothing. */
function onlyGateway(gateway: Side): PartialPlan {
  const { identity, ...ids } = identities(gateway === 'moon' ? 'sun' : 'moon');
  const nobody = { auth: 'null', id: undefined };
  const named = (side: Side) => ({
    auth: 'pubkey',
    ...(gateway === side && side === 'moon' && { certs: 'own.pem' }),
    id: NAMES[side],
  });
  const methods =
    gateway === 'moon'
      ? { leftauth: 'null', rightauth: 'rsasig' }
      : { leftauth: 'rsasig', leftcert: 'own', leftsendcert: 'always', rightauth: 'null' };
  return {
    identity,
    extra: {
      moon: {
        connection: {
          send_cert: 'always',
          local: gateway === 'moon' ? named('moon') : nobody,
          remote: gateway === 'sun' ? named('sun') : nobody,
        },
      },
      sun: { libreswan: { ...methods, ...ids } },
    },
  };
}

describeWith(['lab', 'libreswan'], 'NULL authentication (RFC 7619) with libreswan', () => {
  const shared = sharedSites(libreswan);

  testWith('lab', 'of both sides, initiated by either', async () => {
    const { sites, sun } = shared();
    await withTunnel(sites, sun, plan(neither()), {}, (run) => bothRoles(run));
  });

  for (const client of SIDES) {
    const gateway = client === 'moon' ? 'sun' : 'moon';
    testWith('lab', `of the client alone, ${client}: ${gateway} has a certificate`, async () => {
      const { sites, sun } = shared();
      const ca = new TestCa('Lab CA', { key: 'rsa2048' });
      const own = ca.issue(gateway, { key: 'rsa2048', dns: [NAMES[gateway]] });
      await installCredentials(
        sites.moon,
        gateway === 'moon' ? filesOf(own, ca.self) : { x509ca: { ca: ca.self.certificate } },
      );
      await intoDatabase(sites.sun, ca.self, gateway === 'sun' ? own : undefined);
      await withTunnel(sites, sun, plan(onlyGateway(gateway)), {}, async (run) => {
        await establish(run, client);
        await proveTraffic(run);
        expect(run.moon.log()).toMatch(
          client === 'moon'
            ? /authentication of 'sun\.example\.org' with RSA/
            : /\(NULL\), as configured/,
        );
        await takeDown(run, client);
      });
    });
  }
});
