import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { sha1, TestAuthority } from '../../support/revocation-pki.ts';
import { byKey } from '../enrol.ts';
import { leases, leasing, openPool } from '../leasing.ts';
import {
  CRL_URL,
  dns,
  equip,
  OCSP_URL,
  type RevocationWorld,
  revocationWorld,
  SERIALS,
  urls,
} from '../revocation-world.ts';
import { gateway, roadwarrior } from '../roadwarriors.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const { carol: CAROL } = SERIALS;

// moon judges carol's certificate, in both roles.

function says(host: WorldHost, pattern: RegExp): boolean {
  return host.lines.some((line) => pattern.test(line));
}

interface Situation {
  readonly extensions: readonly Uint8Array[];
  readonly prepare: (pki: RevocationWorld) => void;
  /** What becomes of it with each policy: `yes`, or what moon says. */
  readonly strict: RegExp | 'yes';
  readonly ifuri: RegExp | 'yes';
  readonly relaxed: RegExp | 'yes';
}

const failed = /RULE_CRL_VALIDATION is FAILED, but requires at least/;
const revoked = /certificate was revoked on .*, reason: keyCompromise/;
const unspecified = /certificate was revoked on .*, reason: unspecified/;

const situations: Readonly<Record<string, Situation>> = {
  'a CRL without the certificate': {
    extensions: urls.crl,
    prepare: ({ serveCrl }) => serveCrl([99]),
    strict: 'yes',
    ifuri: 'yes',
    relaxed: 'yes',
  },
  'a CRL with the certificate': {
    extensions: urls.crl,
    prepare: ({ serveCrl }) => serveCrl([CAROL]),
    strict: revoked,
    ifuri: revoked,
    relaxed: revoked,
  },
  'an expired CRL': {
    extensions: urls.crl,
    prepare: ({ serveCrl }) => serveCrl([99], -1000),
    strict: /RULE_CRL_VALIDATION is STALE, but requires at least GOOD/,
    ifuri: /RULE_CRL_VALIDATION is STALE, but requires at least SKIPPED/,
    relaxed: 'yes',
  },
  'an expired CRL with the certificate': {
    extensions: urls.crl,
    prepare: ({ serveCrl }) => serveCrl([CAROL], -1000),
    strict: revoked,
    ifuri: revoked,
    relaxed: revoked,
  },
  'a server that is not there': {
    extensions: urls.crl,
    prepare: () => undefined,
    strict: failed,
    ifuri: failed,
    relaxed: 'yes',
  },
  'a server that hangs': {
    extensions: urls.crl,
    prepare: ({ serve }) => serve(CRL_URL, 'never'),
    strict: failed,
    ifuri: failed,
    relaxed: 'yes',
  },
  'no URI': {
    extensions: [],
    prepare: () => undefined,
    strict: /RULE_CRL_VALIDATION is SKIPPED, but requires at least GOOD/,
    ifuri: 'yes',
    relaxed: 'yes',
  },
  'OCSP says good': {
    extensions: urls.ocsp,
    prepare: ({ ocsp, serve }) => serve(OCSP_URL, ocsp(CAROL, 'good')),
    strict: 'yes',
    ifuri: 'yes',
    relaxed: 'yes',
  },
  'OCSP says revoked': {
    extensions: urls.ocsp,
    prepare: ({ ocsp, serve }) => serve(OCSP_URL, ocsp(CAROL, 'revoked')),
    strict: unspecified,
    ifuri: unspecified,
    relaxed: unspecified,
  },
  'OCSP does not know the certificate': {
    extensions: urls.ocsp,
    prepare: ({ ocsp, serve }) => serve(OCSP_URL, ocsp(CAROL, 'unknown')),
    strict: failed,
    ifuri: failed,
    relaxed: 'yes',
  },
  'a responder that hangs, and a CRL with the certificate': {
    extensions: [...urls.ocsp, ...urls.crl],
    prepare: ({ serve, serveCrl }) => {
      serve(OCSP_URL, 'never');
      serveCrl([CAROL]);
    },
    strict: revoked,
    ifuri: revoked,
    relaxed: revoked,
  },
};

const policies = ['strict', 'ifuri', 'relaxed'] as const;

describe.each(Object.entries(situations))('%s', (_, situation) => {
  test.each(
    policies.flatMap((policy) =>
      (['initiator', 'responder'] as const).map((role) => [policy, role] as const),
    ),
  )('revocation = %s, as %s', async (policy, role) => {
    await using world = new World();
    // Whoever initiates asks the other for an address.
    const client = role === 'initiator' ? 'moon' : 'carol';
    const wishes = leasing({}, client);
    const pki = await revocationWorld(world, {
      ...wishes,
      policy,
      carolExtensions: situation.extensions,
    });
    situation.prepare(pki);
    const { moon, carol } = pki;
    const server = role === 'initiator' ? carol : moon;
    openPool(server);
    const begin = world.clock.now();
    const initiator = role === 'initiator' ? moon : carol;
    const outcome = await world.during(initiator.initiate('net'));
    expect(world.clock.now() - begin).toBeLessThan(12_000);
    const expected = situation[policy];
    if (expected === 'yes') {
      expect(outcome).toEqual({ ok: true });
      expect(leases(server)).toEqual({ online: 1, offline: 0 });
      return;
    }
    expect(outcome.ok).toBe(false);
    expect(says(moon, expected)).toBe(true);
    expect(says(carol, /RULE_CRL|revoked/)).toBe(false);
    if (role === 'initiator') expect(!outcome.ok && outcome.errmsg).toMatch(expected);
    else expect(!outcome.ok && outcome.errmsg).toMatch(/AUTHENTICATION_FAILED/);
    const alert = expected === revoked || expected === unspecified;
    expect(moon.alerts(alert ? 'cert-revoked' : 'cert-validation-failed')).toBe(1);
    await world.pass(20_000);
    for (const host of [moon, carol]) {
      expect(host.children).toEqual([]);
      expect(host.kernel.empty).toBe(true);
    }
    // As a responder moon refuses before it leases; as an initiator it refuses what carol had accepted, and leased.
    expect(leases(server)).toEqual({ online: 0, offline: role === 'responder' ? 0 : 1 });
  });
});

test('a peer revoked after the tunnel is up is refused at the next authentication', async () => {
  await using world = new World();
  const { moon, carol, serveCrl } = await revocationWorld(world, { carolExtensions: urls.crl });
  serveCrl([], 60_000);
  expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
  await world.pass(61_000);
  serveCrl([CAROL]);
  await world.during(carol.terminate({ ike: 'gw' }));
  expect((await world.during(carol.initiate('net'))).ok).toBe(false);
  expect(says(moon, revoked)).toBe(true);
});

/** A gateway `carol` that judges its clients, and what makes the n-th of them, with these extensions in its certificate. */
async function gatewayOfMany(world: World, revocation: 'ifuri' | 'strict') {
  const now = world.clock.wallClock();
  const ca = TestAuthority.root('CA', now);
  const id = (name: string) => parseIdentity(name, { allowRegex: false });
  const judge = await gateway(world, {
    local: [byKey({ id: id('gateway.example.org') })],
    remote: [byKey({ revocation })],
    pools: [],
  });
  await equip(judge, ca.issue('gateway', 1, now, [dns('gateway.example.org')]), ca);
  const client = async (n: number, extensions: readonly Uint8Array[]): Promise<WorldHost> => {
    const name = `client-${n}.example.org`;
    const local = [byKey({ id: id(name) })];
    const remote = [byKey({ id: id('gateway.example.org') })];
    const host = await roadwarrior(world, n, { local, remote, vips: [] });
    await equip(host, ca.issue(`client-${n}`, 100 + n, now, [dns(name), ...extensions]), ca);
    return host;
  };
  return { ca, judge, client };
}

test('a server that hangs for one peer holds up no other', async () => {
  await using world = new World();
  const { judge, client } = await gatewayOfMany(world, 'ifuri');
  judge.fetcher.serve(CRL_URL, 'never');
  const [slow, quick] = [await client(1, urls.crl), await client(2, [])];
  const refused = slow.initiate('net');
  await world.pass(2000);
  expect(judge.fetcher.asked).toEqual([CRL_URL]);
  const begin = world.clock.now();
  expect(await world.during(quick.initiate('net'))).toEqual({ ok: true });
  expect(world.clock.now() - begin).toBeLessThan(500);
  expect((await world.during(refused)).ok).toBe(false);
  expect(says(judge, failed)).toBe(true);
});

describe('while a server hangs', () => {
  for (const side of ['moon', 'carol'] as const) {
    for (const end of ['terminate', 'terminate with force', 'stop'] as const) {
      test(`${side} initiated: ${end} does not wait for it`, async () => {
        await using world = new World();
        const hosts = await revocationWorld(world, {
          carolExtensions: urls.crl,
          policy: 'ifuri',
        });
        const { moon } = hosts;
        hosts.serve(CRL_URL, 'never');
        const tried = hosts[side].initiate('net');
        await world.pass(1000);
        expect(moon.fetcher.asked).toEqual([CRL_URL]);
        const begin = world.clock.now();
        if (end === 'stop') await world.during(moon.daemon.shutdown());
        else {
          const force = end === 'terminate with force';
          expect(await world.during(moon.terminate({ ike: 'gw' }, force))).toMatchObject({
            ok: true,
          });
        }
        expect(world.clock.now() - begin).toBeLessThan(500);
        expect(moon.sas).toEqual([]);
        expect((await world.during(tried)).ok).toBe(false);
      });
    }
  }
});

test('a hundred clients at once with one CRL are one fetch', async () => {
  await using world = new World({ keepLadder: false });
  const { ca, judge, client } = await gatewayOfMany(world, 'strict');
  const now = world.clock.wallClock();
  const times = { thisUpdate: now - 3_600_000, nextUpdate: now + 3_600_000 };
  judge.fetcher.serve(CRL_URL, ca.crlDer({ ...times, entries: [] }));
  const clients: WorldHost[] = [];
  for (let n = 1; n <= 100; n++) clients.push(await client(n, urls.crl));
  const outcomes = await world.during(Promise.all(clients.map((host) => host.initiate('net'))));
  expect(outcomes.every(({ ok }) => ok)).toBe(true);
  expect(judge.established).toHaveLength(100);
  expect(judge.fetcher.asked).toEqual([CRL_URL]);
});

test('a CRL that was fetched is used again for the next tunnels', async () => {
  await using world = new World();
  const { carol, moon, serveCrl } = await revocationWorld(world, {
    carolExtensions: urls.crl,
    moonExtensions: urls.crl,
    policy: 'strict',
  });
  serveCrl([]);
  for (let i = 0; i < 5; i++) {
    expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
    await world.during(carol.terminate({ ike: 'gw' }));
  }
  for (const host of [moon, carol]) expect(host.fetcher.asked).toEqual([CRL_URL]);
  expect(says(moon, /using cached crl/)).toBe(true);
});

describe('OCSP in IKE (RFC 4806)', () => {
  test.each(['initiator', 'responder'] as const)(
    'moon asks as %s, carol answers with what it fetched',
    async (role) => {
      await using world = new World();
      const pki = await revocationWorld(world, {
        policy: 'strict',
        carolExtensions: urls.ocsp,
        moonConnection: {},
        connection: { ocsp: 'both' },
      });
      const { moon, carol, ocsp } = pki;
      pki.serve(OCSP_URL, ocsp(CAROL, 'good'));
      const initiator = role === 'initiator' ? moon : carol;
      expect(await world.during(initiator.initiate('net'))).toEqual({ ok: true });
      expect(says(carol, /sending OCSP status for certificate: CN=carol/)).toBe(true);
      expect(says(moon, /ocsp response correctly signed by "CN=CA"/)).toBe(true);
      expect(says(moon, /requesting ocsp status/)).toBe(false);
      expect(carol.fetcher.asked).toEqual([OCSP_URL]);
      expect(moon.fetcher.asked).toEqual([]);
    },
  );

  test('a status that says revoked is sent and believed', async () => {
    await using world = new World();
    const pki = await revocationWorld(world, {
      carolExtensions: urls.ocsp,
      connection: { ocsp: 'both' },
    });
    pki.serve(OCSP_URL, pki.ocsp(CAROL, 'revoked'));
    expect((await world.during(pki.carol.initiate('net'))).ok).toBe(false);
    expect(says(pki.moon, unspecified)).toBe(true);
    expect(says(pki.moon, /requesting ocsp status/)).toBe(false);
  });

  test('a responder of ours that hangs costs two seconds, and the peer asks itself', async () => {
    await using world = new World();
    const { carol, serve } = await revocationWorld(world, {
      carolExtensions: urls.ocsp,
      connection: { ocsp: 'both' },
    });
    serve(OCSP_URL, 'never');
    const begin = world.clock.now();
    expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
    expect(world.clock.now() - begin).toBeLessThan(14_000);
  });
});

describe('hash and URL (RFC 7296 section 3.6)', () => {
  const BASE = 'http://certs.example.org/';
  async function lookups(world: World, change: (octets: Uint8Array) => Uint8Array = (x) => x) {
    const pki = await revocationWorld(world, { options: { hash_and_url: true } });
    const { carol, ca, certificates } = pki;
    const loaded = carol.daemon.credentials.loadAuthorities([
      { name: 'ca', cacert: ca.certificate.der, crlUris: [], ocspUris: [], certUriBase: BASE },
    ]);
    expect(loaded.ok).toBe(true);
    const octets = certificates.carol.certificate.der;
    const url = `${BASE}${toHex(sha1(octets))}`;
    pki.serve(url, change(octets));
    return { ...pki, url };
  }

  test('a certificate is sent as a hash and a URL, fetched and believed', async () => {
    await using world = new World();
    const { moon, carol, url } = await lookups(world);
    expect(await world.during(carol.initiate('net'))).toEqual({ ok: true });
    expect(says(carol, /sending hash-and-url/)).toBe(true);
    expect(says(moon, /fetched certificate "CN=carol"/)).toBe(true);
    expect(moon.fetcher.asked).toEqual([url]);
  });

  test('what does not have the hash does not count', async () => {
    await using world = new World();
    const { moon, carol } = await lookups(world, (octets) => octets.slice(1));
    expect((await world.during(carol.initiate('net'))).ok).toBe(false);
    expect(says(moon, /does not have the hash/)).toBe(true);
  });
});
