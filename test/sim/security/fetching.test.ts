import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { AuthRoundConfig } from '../../../daemon/config/connection-types.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { ext, TestAuthority, type TestHolder } from '../../support/revocation-pki.ts';
import { byKey, loadCertificates } from '../enrol.ts';
import { type PairSetup, pair } from '../pair.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: false });
const CRL = 'http://pki.example.org/crl';
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
