import { expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound } from '../../support/connections.ts';
import { byKey, enrol, loadCertificates, loadKey, trust } from '../enrol.ts';
import { explained } from '../explained.ts';
import { type PairSetup, pair } from '../pair.ts';
import { TestCa } from '../pki.ts';
import { revocationWorld, SERIALS, urls } from '../revocation-world.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: true });
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';

/** Two hosts that are to authenticate with keys, and have none. */
function keyed(world: World, setup: PairSetup = {}): ReturnType<typeof pair> {
  return pair(world, {
    ...setup,
    moonConnection: { local: [byKey({ id: id(MOON) })], remote: [byKey({ id: id(CAROL) })] },
    carolConnection: {
      local: [byKey({ id: id(CAROL) })],
      remote: [byKey({ id: id(MOON) })],
      ...setup.carolConnection,
    },
  });
}

/** Moon was told to connect. */
async function attempt(world: World, moon: WorldHost): Promise<void> {
  await world.during(moon.initiate('net'));
  await world.pass(1000);
}

test('our certificate is not loaded', async () => {
  await using world = new World();
  const [moon] = await keyed(world);
  await attempt(world, moon);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: there is no private key for our identity (1s ago)
      child net: down
    missing now:
      - no private key found for 'moon.example.org': no certificate with this identity is loaded
        => load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has
      - no CA certificate is loaded, so no certificate of the peer can be believed
        => put the CA certificate that issued it into the directory x509ca and run swanctl --load-creds, and let the peer send intermediate CAs
    failed, the last first:
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        no private key found for 'moon.example.org'; load a certificate that has this identity, and its private key
        => load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has
    "
  `);
});

test('our private key is not loaded', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon] = await keyed(world);
  loadCertificates(moon, 'NONE', [ca.issue('moon', { dns: [MOON] }).certificate]);
  trust(moon, ca);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: no private key found for 'moon.example.org': the private key of certificate "CN=moon" is not loaded (its id is KEY)
      child net: down
    missing now:
      - no private key found for 'moon.example.org': the private key of certificate "CN=moon" is not loaded (its id is KEY)
        => load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has
    "
  `);
});

test('our certificate has expired', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon] = await keyed(world);
  const now = world.clock.wallClock();
  const validity = { notBefore: new Date(now - 9e9), notAfter: new Date(now - 8e9) };
  await enrol(moon, ca.issue('moon', { dns: [MOON], ...validity }));
  trust(moon, ca);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: our certificate "CN=moon" has expired: peers will refuse it
      child net: down
    missing now:
      - our certificate "CN=moon" has expired: peers will refuse it
        => renew the certificate, and check the clocks of both sides
    "
  `);
});

test('the CA of the peer is not trusted', async () => {
  await using world = new World();
  const [ca, other] = [new TestCa('CA'), new TestCa('Other CA')];
  const [moon, carol] = await keyed(world);
  await enrol(moon, ca.issue('moon', { dns: [MOON] }));
  await enrol(carol, other.issue('carol', { dns: [CAROL] }));
  trust(moon, ca);
  trust(carol, ca, other);
  await attempt(world, moon);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the CA that issued the certificate of the peer is not among the trusted ones (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        no trusted ECDSA public key found for 'carol.example.org': no issuer certificate found for "CN=carol", issuer is "CN=Other CA"
        => put the CA certificate that issued it into the directory x509ca and run swanctl --load-creds, and let the peer send intermediate CAs
    "
  `);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer answered AUTHENTICATION_FAILED (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        the peer refused our authentication after IKE_AUTH
        the peer answered AUTHENTICATION_FAILED
        => only the log of the peer has the reason; check that our identity is the remote.id there, that it trusts the CA of our certificate, which is neither expired nor revoked, and that the identity which we ask for is its own
    "
  `);
});

test('the certificate of the peer has expired', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon, carol] = await keyed(world);
  const now = world.clock.wallClock();
  const validity = { notBefore: new Date(now - 9e9), notAfter: new Date(now - 8e9) };
  await enrol(moon, ca.issue('moon', { dns: [MOON], ...validity }));
  await enrol(carol, ca.issue('carol', { dns: [CAROL] }));
  trust(moon, ca);
  trust(carol, ca);
  await attempt(world, moon);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: a certificate is not valid now (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        no trusted ECDSA public key found for 'moon.example.org': "CN=moon" expired on 2025-09-30 09:46:40 UTC, it is 2026-01-01 00:00:00 UTC
        we answered AUTHENTICATION_FAILED
        => renew the certificate, and check the clocks of both sides
    "
  `);
});

test('the certificate of the peer was revoked', async () => {
  await using world = new World();
  const pki = await revocationWorld(world, { carolExtensions: urls.crl });
  pki.serveCrl([SERIALS.carol]);
  await attempt(world, pki.moon);
  expect(await explained(pki.moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: a certificate of the peer was revoked (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        no trusted ED25519 public key found for 'carol.example.org': certificate was revoked on 2025-12-31 00:00:00 UTC, reason: keyCompromise, subject "CN=carol"
        => issue a new certificate for the peer: its CA has revoked this one
    "
  `);
});

test('the peer sends no certificate', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon, carol] = await keyed(world, { carolConnection: { sendCert: 'never' } });
  await enrol(moon, ca.issue('moon', { dns: [MOON] }));
  await enrol(carol, ca.issue('carol', { dns: [CAROL] }));
  trust(moon, ca);
  trust(carol, ca);
  await attempt(world, moon);
  expect(await explained(moon)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer sent no certificate with its identity, and none is loaded (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: we asked 192.0.2.2[4500] for child net, ended in IKE_AUTH
        no trusted ECDSA public key found for 'carol.example.org': the peer sent no certificate, and none with this identity is loaded
        => let the peer send its certificate (send_cert = always there), or name it in remote.certs here; it must contain 'carol.example.org' as subject or subjectAltName
    "
  `);
});

test('the certificate of the peer has another identity', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon, carol] = await keyed(world);
  const other = ca.issue('carol', { dns: ['other.example.org'] });
  await enrol(moon, ca.issue('moon', { dns: [MOON] }));
  await enrol(carol, other);
  await loadKey(carol, other);
  trust(moon, ca);
  trust(carol, ca);
  await attempt(world, moon);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: there is no private key for our identity (1s ago)
      child net: down
    missing now:
      - no private key found for 'carol.example.org': no certificate with this identity is loaded
        => load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has
    failed, the last first:
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        no private key found for 'carol.example.org'; load a certificate that has this identity, and its private key
        we answered AUTHENTICATION_FAILED
        => load a certificate that has our identity and its private key (swanctl --load-creds), or set local.id to the identity that the certificate has
    "
  `);
});

test('one side wants keys, the other has a secret', async () => {
  await using world = new World();
  const ca = new TestCa('CA');
  const [moon, carol] = await keyed(world, {
    carolConnection: {
      local: [authRound({ id: id(CAROL) })],
      remote: [authRound({ id: id(MOON) })],
    },
  });
  await enrol(moon, ca.issue('moon', { dns: [MOON] }));
  trust(moon, ca);
  await attempt(world, moon);
  expect(await explained(carol)).toMatchInlineSnapshot(`
    "
    'gw' is down: the peer authenticates by another method than the configured one (1s ago)
      child net: down
    failed, the last first:
      - 1s ago: 192.0.2.1[4500] asked us, ended in IKE_AUTH
        constraint check failed: psk authentication is required, 'moon.example.org' used DIGITAL_SIGNATURE
        we answered AUTHENTICATION_FAILED
        authentication of the peer: ours psk, theirs DIGITAL_SIGNATURE
        => let remote.auth here and local.auth of the peer agree: psk is asked for, the peer used DIGITAL_SIGNATURE
    "
  `);
});
