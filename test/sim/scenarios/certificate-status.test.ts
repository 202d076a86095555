import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { AuthRoundConfig } from '../../../daemon/config/connection-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { ext, TestAuthority, type TestHolder } from '../../support/revocation-pki.ts';
import { byKey, loadCertificates } from '../enrol.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: false });
const CRL = 'http://pki.example.org/crl';
const OCSP = 'http://pki.example.org/ocsp';
const HOUR = 3_600_000;

interface Enrolled {
  readonly world: World;
  readonly moon: WorldHost;
  readonly carol: WorldHost;
  readonly ca: TestAuthority;
}

/** Moon's certificate, number 7, has these extensions; carol asks about it as `revocation` says. */
async function enrolled(
  world: World,
  extensions: readonly Uint8Array[],
  remote: Partial<AuthRoundConfig>,
  setup: PairSetup = {},
): Promise<Enrolled> {
  const now = world.clock.wallClock();
  const ca = TestAuthority.root('CA', now);
  const [moon, carol] = await pair(world, {
    ...setup,
    moonConnection: {
      local: [byKey({ id: id('CN=moon') })],
      remote: [byKey({ id: id('CN=carol') })],
      ...setup.moonConnection,
    },
    carolConnection: {
      local: [byKey({ id: id('CN=carol') })],
      remote: [byKey({ id: id('CN=moon'), ...remote })],
      ...setup.carolConnection,
    },
  });
  await give(moon, ca.issue('moon', 7, now, extensions), ca);
  await give(carol, ca.issue('carol', 8, now), ca);
  return { world, moon, carol, ca };
}

async function give(host: WorldHost, { key, certificate }: TestHolder, ca: TestAuthority) {
  const data = Uint8Array.from(key.privateKey.export({ type: 'pkcs8', format: 'der' }));
  const loaded = await host.privateKeys.load({ data, origin: 'vici' });
  expect(loaded.ok).toBe(true);
  loadCertificates(host, 'NONE', [certificate.der]);
  loadCertificates(host, 'CA', [ca.certificate.der]);
}

/** A CRL of now with these serial numbers. */
function crl({ world, ca }: Enrolled, ...serials: readonly number[]): Uint8Array {
  const now = world.clock.wallClock();
  const entries = serials.map((serial) => ({ serial, at: now - HOUR, reason: 1 }));
  return ca.crlDer({ thisUpdate: now - HOUR, nextUpdate: now + 24 * HOUR, entries });
}

describe('CRLs', () => {
  test('good under the strictest policy, and fetched once for many', async () => {
    await using world = new World();
    const all = await enrolled(world, [ext.crls(CRL)], { revocation: 'strict' });
    all.carol.fetcher.serve(CRL, crl(all, 99));
    for (let i = 0; i < 3; i++) {
      expect(await world.during(all.moon.initiate('net'))).toEqual({ ok: true });
      await world.during(all.moon.terminate({ ike: 'gw' }));
    }
    expect(all.carol.fetcher.asked).toEqual([CRL]);
  });

  test('revoked: refused under every policy, with its alert, and nothing is left', async () => {
    for (const revocation of ['strict', 'ifuri', 'relaxed'] as const) {
      await using world = new World();
      const all = await enrolled(world, [ext.crls(CRL)], { revocation });
      const { moon, carol } = all;
      carol.fetcher.serve(CRL, crl(all, 7));
      expect(await world.during(moon.initiate('net'))).toEqual({
        ok: false,
        errmsg: expect.stringContaining('received AUTHENTICATION_FAILED'),
      });
      expect(carol.alerts('cert-revoked')).toBe(1);
      expect(carol.lines.some((line) => /certificate was revoked on/.test(line))).toBe(true);
      await world.settle(() => moon.sas.length + carol.sas.length === 0);
      expect(carol.kernel.empty).toBe(true);
    }
  });

  test('a server that hangs: refused where an answer is needed, nobody else waits', async () => {
    for (const [revocation, ok] of [
      ['strict', false],
      ['ifuri', false],
      ['relaxed', true],
    ] as const) {
      await using world = new World();
      const { moon, carol } = await enrolled(world, [ext.crls(CRL)], { revocation });
      carol.fetcher.serve(CRL, 'never');
      const outcome = world.during(moon.initiate('net'));
      await world.settle(() => carol.fetcher.busy);
      expect(carol.lines.filter((line) => line.includes('initiating an IKE_SA'))).toHaveLength(1);
      expect(await outcome).toMatchObject({ ok });
      // The requests that came meanwhile were not processed again.
      expect(carol.fetcher.asked.filter((url) => url === CRL)).toHaveLength(1);
    }
  });

  test('without a URI: strict refuses, the others do not ask', async () => {
    for (const [revocation, ok] of [
      ['strict', false],
      ['ifuri', true],
      ['relaxed', true],
    ] as const) {
      await using world = new World();
      const { moon, carol } = await enrolled(world, [], { revocation });
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok });
      expect(carol.fetcher.asked).toEqual([]);
    }
  });

  test('SEC-51: nothing is fetched for whoever cannot sign', async () => {
    await using world = new World();
    const all = await enrolled(world, [ext.crls(CRL)], { revocation: 'strict' });
    const { moon, carol, ca } = all;
    carol.fetcher.serve(CRL, crl(all));
    // Somebody else's certificate, and a key of its own.
    const stolen = ca.issue('moon', 9, world.clock.wallClock(), [ext.crls(CRL)]);
    const eve = TestAuthority.root('Eve', world.clock.wallClock());
    carol.daemon.credentials.clear();
    await give(carol, ca.issue('carol', 8, world.clock.wallClock()), ca);
    moon.daemon.credentials.clear();
    await give(moon, eve.issue('moon', 1, world.clock.wallClock(), [ext.crls(CRL)]), ca);
    loadCertificates(moon, 'NONE', [stolen.certificate.der]);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    expect(carol.fetcher.asked).toEqual([]);
  });
});

describe('OCSP', () => {
  /** A responder that is the CA itself. */
  function response({ world, ca }: Enrolled, status: 'good' | 'revoked'): Uint8Array {
    const now = world.clock.wallClock();
    const answers = [7, 8].map((serial) => ({
      serial,
      status: serial === 7 ? status : ('good' as const),
      thisUpdate: now - HOUR,
      nextUpdate: now + HOUR,
    }));
    return ca.respond(ca, { producedAt: now, answers });
  }

  test('a responder is asked, and believed either way', async () => {
    for (const status of ['good', 'revoked'] as const) {
      await using world = new World();
      const all = await enrolled(world, [ext.ocsp(OCSP)], { revocation: 'strict' });
      all.carol.fetcher.serve(OCSP, response(all, status));
      const ok = status === 'good';
      expect(await world.during(all.moon.initiate('net'))).toMatchObject({ ok });
      expect(all.carol.fetcher.asked).toEqual([OCSP]);
    }
  });

  test('stapled in IKE, RFC 4806: the responder is asked by the owner, not by the verifier', async () => {
    await using world = new World();
    const all = await enrolled(
      world,
      [ext.ocsp(OCSP)],
      { revocation: 'strict' },
      { carolConnection: { ocsp: 'request' } },
    );
    const { moon, carol } = all;
    moon.fetcher.serve(OCSP, response(all, 'good'));
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.fetcher.asked).toEqual([OCSP]);
    expect(carol.fetcher.asked).toEqual([]);
    expect(moon.lines).toContain('received empty OCSP cert request');
    expect(moon.lines).toContain('sending OCSP status for certificate: CN=moon');
  });
});

describe('hash and URL, RFC 7296 section 3.6', () => {
  const BASE = 'http://pki.example.org/certs/';

  async function published(
    world: World,
    setup: PairSetup,
  ): Promise<Enrolled & { readonly url: string; readonly der: Uint8Array }> {
    const all = await enrolled(world, [], {}, setup);
    const { moon, ca } = all;
    const loaded = moon.daemon.credentials.loadAuthorities([
      {
        name: 'ca',
        cacert: ca.certificate.der,
        crlUris: [],
        ocspUris: [],
        certUriBase: BASE,
      },
    ]);
    expect(loaded.ok).toBe(true);
    const [own] = moon.daemon.credentials.snapshot().byIdentity(id('CN=moon'));
    const der = own?.certificate.der ?? new Uint8Array();
    const url = `${BASE}${createHash('sha1').update(der).digest('hex')}`;
    return { ...all, url, der };
  }

  test('where both sides have it the certificate is fetched, and must have the hash', async () => {
    for (const honest of [true, false]) {
      await using world = new World();
      const all = await published(world, { options: { hash_and_url: true } });
      const { moon, carol, url, der } = all;
      carol.fetcher.serve(url, honest ? der : all.ca.certificate.der);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: honest });
      expect(moon.lines).toContain(`sending hash-and-url "${url}"`);
      expect(carol.fetcher.asked).toEqual([url]);
    }
  });

  test('SEC-56: off by default, on either side', async () => {
    for (const setup of [
      {},
      { moonOptions: { hash_and_url: true } },
      { carolOptions: { hash_and_url: true } },
    ]) {
      await using world = new World();
      const { moon, carol } = await published(world, setup);
      expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
      expect(carol.fetcher.asked).toEqual([]);
    }
  });
});
