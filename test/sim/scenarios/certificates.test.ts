import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import type { TestKeyKind } from '../../support/private-keys.ts';
import { byKey, configured, enrol, loadCertificates, trust } from '../enrol.ts';
import { type PairSetup, pair } from '../pair.ts';
import { TestCa } from '../pki.ts';
import { World } from '../world.ts';
import type { WorldHost } from '../world-host.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: true });
const MOON = 'moon.example.org';
const CAROL = 'carol.example.org';

/** Both sides authenticate with public keys. */
function keyed(setup: PairSetup = {}): PairSetup {
  return {
    ...setup,
    moonConnection: {
      local: [byKey({ id: id(MOON) })],
      remote: [byKey({ id: id(CAROL) })],
      ...setup.moonConnection,
    },
    carolConnection: {
      local: [byKey({ id: id(CAROL) })],
      remote: [byKey({ id: id(MOON) })],
      ...setup.carolConnection,
    },
  };
}

/** Two hosts with certificates of one CA. */
async function enrolled(
  world: World,
  ca: TestCa,
  key: TestKeyKind,
  setup: PairSetup = {},
): Promise<readonly [WorldHost, WorldHost]> {
  const [moon, carol] = await pair(world, keyed(setup));
  await enrol(moon, ca.issue('moon', { dns: [MOON], key }), ca.intermediates);
  await enrol(carol, ca.issue('carol', { dns: [CAROL], key }), ca.intermediates);
  return [moon, carol];
}

function has(host: WorldHost, pattern: RegExp): boolean {
  return host.lines.some((line) => pattern.test(line));
}

describe('certificates of one CA', () => {
  const schemes: readonly (readonly [TestKeyKind, string])[] = [
    ['rsa2048', 'RSA_EMSA_PKCS1_SHA2_256'],
    ['p256', 'ECDSA_WITH_SHA256_DER'],
    ['p384', 'ECDSA_WITH_SHA384_DER'],
    ['p521', 'ECDSA_WITH_SHA512_DER'],
    ['brainpoolP256r1', 'ECDSA_WITH_SHA256_DER'],
    ['ed25519', 'ED25519'],
    ['ed448', 'ED448'],
    ['ml-dsa-44', 'ML_DSA'],
    ['ml-dsa-65', 'ML_DSA'],
    ['ml-dsa-87', 'ML_DSA'],
  ];
  test.each(schemes)('%s: %s', async (key, scheme) => {
    await using world = new World();
    const ca = new TestCa('CA');
    const [moon, carol] = await enrolled(world, ca, key);
    trust(moon, ca);
    trust(carol, ca);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    await world.settle(() => carol.children.length === 1);
    for (const [host, peer] of [
      [moon, CAROL],
      [carol, MOON],
    ] as const) {
      expect(host.lines).toContain(`authentication of '${peer}' with ${scheme} successful`);
    }
    expect(moon.established[0]?.remoteId).toBe(CAROL);
    expect(carol.established[0]?.remoteId).toBe(MOON);
  });
});

/** A tunnel between hosts with certificates; what the daemons said is in their lines. */
async function connected(
  world: World,
  setup: PairSetup,
  key: TestKeyKind = 'p256',
  ca = new TestCa('CA'),
): Promise<readonly [WorldHost, WorldHost]> {
  const [moon, carol] = await enrolled(world, ca, key, setup);
  trust(moon, ca);
  trust(carol, ca);
  expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
  await world.settle(() => carol.children.length === 1);
  return [moon, carol];
}

describe('signature schemes', () => {
  test('rsa_pss prefers PSS', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, { options: { rsa_pss: true } }, 'rsa2048');
    const line = /with RSA_EMSA_PSS_SHA2_256_SALT_32 successful$/;
    expect(has(moon, line) && has(carol, line)).toBe(true);
  });

  test('without RFC 7427 each key has the method of its RFC', async () => {
    for (const [key, name] of [
      ['rsa2048', 'RSA signature'],
      ['p256', 'ECDSA-256 signature'],
      ['p384', 'ECDSA-384 signature'],
      ['p521', 'ECDSA-521 signature'],
    ] as const) {
      await using world = new World();
      const setup = { carolOptions: { signature_authentication: false } };
      const [moon, carol] = await connected(world, setup, key);
      expect(moon.lines).toContain(`authentication of '${CAROL}' with ${name} successful`);
      expect(carol.lines).toContain(`authentication of '${MOON}' with ${name} successful`);
    }
  });

  test('an Ed25519 key needs RFC 7427, and says so', async () => {
    await using world = new World();
    const ca = new TestCa('CA');
    const [moon, carol] = await enrolled(world, ca, 'ed25519', {
      carolOptions: { signature_authentication: false },
    });
    trust(moon, ca);
    trust(carol, ca);
    expect(await world.during(moon.initiate('net'))).toEqual({
      ok: false,
      errmsg: expect.stringMatching(/no private key found for 'moon.*RFC 7427/),
    });
    expect(moon.alerts('local-auth-failed')).toBe(1);
    await world.settle(() => carol.sas.length === 0);
  });

  test('the auth text says which hash we sign with', async () => {
    await using world = new World();
    const auth = 'ike:ecdsa-sha512-sha384';
    const [, carol] = await connected(world, {
      moonConnection: { local: [byKey({ id: id(MOON), auth })] },
    });
    expect(carol.lines).toContain(
      `authentication of '${MOON}' with ECDSA_WITH_SHA512_DER successful`,
    );
  });

  test('RFC 9593: a side that says what it verifies gets that', async () => {
    await using world = new World();
    const [moon, carol] = await connected(world, {
      carolConnection: { remote: [byKey({ id: id(MOON), auth: 'ike:ecdsa-sha512' })] },
    });
    expect(carol.lines).toContain(
      `authentication of '${MOON}' with ECDSA_WITH_SHA512_DER successful`,
    );
    expect(has(moon, /parsed IKE_SA_INIT response 0 \[ .*N\(SUP_AUTH_METHS\) /)).toBe(true);
    expect(has(carol, /parsed IKE_AUTH request 1 \[ .*N\(SUP_AUTH_METHS\) /)).toBe(true);
  });

  test('a scheme that the peer must not use is refused', async () => {
    await using world = new World();
    const ca = new TestCa('CA');
    const [moon, carol] = await enrolled(world, ca, 'p256', {
      moonConnection: {
        local: [byKey({ id: id(MOON), auth: 'ike:ecdsa-sha256' })],
        remote: [byKey({ id: id(CAROL) })],
      },
      carolConnection: { remote: [byKey({ id: id(MOON), auth: 'ike:ecdsa-sha384' })] },
    });
    trust(moon, ca);
    trust(carol, ca);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    expect(
      has(
        carol,
        /^constraint check failed: signature scheme ECDSA_WITH_SHA256_DER .* auth = ike:ecdsa-sha384$/,
      ),
    ).toBe(true);
  });

  test('ML-DSA is kept out by naming the schemes that are taken', async () => {
    for (const [auth, ok] of [
      ['pubkey', true],
      ['ike:rsa-ecdsa-ed25519-ed448', false],
    ] as const) {
      await using world = new World();
      const ca = new TestCa('CA');
      const [moon, carol] = await enrolled(world, ca, 'ml-dsa-65', {
        carolConnection: { remote: [byKey({ id: id(MOON), auth })] },
      });
      trust(moon, ca);
      trust(carol, ca);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok });
      expect(has(carol, /with ML_DSA successful/)).toBe(ok);
    }
  });

  test('constraints of chains hold for IKE too, unless that is switched off', async () => {
    for (const constrained of [true, false]) {
      await using world = new World();
      const ca = new TestCa('CA', { key: 'p384', hash: 'sha384' });
      const [moon, carol] = await pair(
        world,
        keyed({
          moonConnection: { local: [byKey({ id: id(MOON), auth: 'ike:ecdsa-sha256' })] },
          carolOptions: { signature_authentication_constraints: constrained },
          carolConnection: { remote: [byKey({ id: id(MOON), auth: 'ecdsa-256-sha384' })] },
        }),
      );
      await enrol(moon, ca.issue('moon', { dns: [MOON], hash: 'sha384' }));
      await enrol(carol, ca.issue('carol', { dns: [CAROL], hash: 'sha384' }));
      trust(moon, ca);
      trust(carol, ca);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: !constrained });
    }
  });

  test('SEC-32: SHA-1 is taken and made only where it is named', async () => {
    for (const [auth, ok] of [
      ['pubkey', false],
      ['ike:rsa-sha1', true],
    ] as const) {
      await using world = new World();
      const ca = new TestCa('CA');
      const [moon, carol] = await enrolled(world, ca, 'rsa2048', {
        moonConnection: {
          local: [byKey({ id: id(MOON), auth: 'ike:rsa-sha1' })],
          remote: [byKey({ id: id(CAROL) })],
        },
        carolConnection: { remote: [byKey({ id: id(MOON), auth })] },
      });
      trust(moon, ca);
      trust(carol, ca);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok });
      expect(has(carol, /with RSA_EMSA_PKCS1_SHA1 successful/)).toBe(ok);
    }
  });
});

describe('certificates and keys', () => {
  test('a chain of two CAs: intermediates are sent, the root never is', async () => {
    await using world = new World();
    const root = new TestCa('Root');
    const ca = root.ca('Gateways').ca('Gateways of the north');
    const [moon, carol] = await pair(world, keyed());
    await enrol(moon, ca.issue('moon', { dns: [MOON] }), ca.intermediates);
    await enrol(carol, root.issue('carol', { dns: [CAROL] }));
    trust(moon, root);
    trust(carol, root);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.lines).toContain('sending end entity cert "CN=moon"');
    expect(moon.lines).toContain('sending issuer cert "CN=Gateways of the north"');
    expect(moon.lines).toContain('sending issuer cert "CN=Gateways"');
    expect(has(moon, /sending issuer cert "CN=Root"/)).toBe(false);
    expect(carol.lines).toContain('received issuer cert "CN=Gateways"');
  });

  test('the subject of the certificate is the identity where none is configured', async () => {
    await using world = new World();
    const ca = new TestCa('CA');
    const [one, two] = [ca.issue('moon'), ca.issue('carol')];
    const own = (issued: typeof one) => {
      const cert = configured(issued);
      return byKey({ id: cert.subject, certs: [cert] });
    };
    const [moon, carol] = await pair(world, {
      moonConnection: { local: [own(one)], remote: [byKey({ id: id('CN=carol') })] },
      carolConnection: { local: [own(two)], remote: [byKey()] },
    });
    await enrol(moon, one);
    await enrol(carol, two);
    trust(moon, ca);
    trust(carol, ca);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(carol.established[0]?.remoteId).toBe('CN=moon');
  });

  test('of several certificates the one of a CA that the peer asks for is chosen', async () => {
    await using world = new World();
    const [old, fresh] = [new TestCa('Old CA'), new TestCa('New CA')];
    const [moon, carol] = await pair(world, keyed());
    for (const ca of [old, fresh]) await enrol(moon, ca.issue('moon', { dns: [MOON] }));
    await enrol(carol, fresh.issue('carol', { dns: [CAROL] }));
    trust(moon, old, fresh);
    trust(carol, fresh);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.lines).toContain('received cert request for "CN=New CA"');
  });

  test('raw public keys, RFC 7670: asked for, sent, and accepted as configured', async () => {
    await using world = new World();
    const [one, two] = [new TestCa('moon').self, new TestCa('carol').self];
    const side = (own: typeof one, name: string) => byKey({ id: id(name), pubkeys: [own.spki] });
    const [moon, carol] = await pair(world, {
      moonConnection: { local: [side(one, MOON)], remote: [side(two, CAROL)] },
      carolConnection: { local: [side(two, CAROL)], remote: [side(one, MOON)] },
    });
    await enrol(moon, one);
    await enrol(carol, two);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(moon.lines).toContain('sending raw public key');
    expect(carol.established).toHaveLength(1);
  });

  test('send_cert = never: the peer has to have the certificate', async () => {
    await using world = new World();
    const ca = new TestCa('CA');
    const [moon, carol] = await enrolled(world, ca, 'p256', {
      connection: { sendCert: 'never' },
    });
    trust(moon, ca);
    trust(carol, ca);
    expect(await world.during(moon.initiate('net'))).toMatchObject({ ok: false });
    expect(has(carol, /no trusted ECDSA public key found for 'moon.*sent no certificate/)).toBe(
      true,
    );
    loadCertificates(carol, 'NONE', [ca.issue('moon', { dns: [MOON] }).certificate]);
    loadCertificates(moon, 'NONE', [ca.issue('carol', { dns: [CAROL] }).certificate]);
    expect(await world.during(moon.initiate('net'))).toEqual({ ok: true });
    expect(has(moon, /sending end entity cert/)).toBe(false);
  });

  test('send_certreq = no: nothing is asked for, send_cert = always sends all the same', async () => {
    for (const [sendCert, ok] of [
      ['ifasked', false],
      ['always', true],
    ] as const) {
      await using world = new World();
      const ca = new TestCa('CA');
      const setup = { connection: { sendCertreq: false, sendCert } };
      const [moon, carol] = await enrolled(world, ca, 'p256', setup);
      trust(moon, ca);
      trust(carol, ca);
      expect(await world.during(moon.initiate('net'))).toMatchObject({ ok });
      expect(has(moon, /sending cert request/)).toBe(false);
    }
  });
});

test('chains in many fragments over links that lose, double and reorder', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const link = { loss: 0.15, duplicate: 0.25, reorder: 0.4 };
    await using world = new World({ seed, link });
    const root = new TestCa('Root', { key: 'rsa2048' });
    const ca = root.ca('Gateways', { key: 'rsa2048' });
    const setup = { options: { fragment_size: 400 }, connection: { keyingTries: 0 } };
    const [moon, carol] = await pair(world, keyed(setup));
    await enrol(moon, ca.issue('moon', { dns: [MOON] }), ca.intermediates);
    await enrol(carol, root.issue('carol', { dns: [CAROL] }));
    trust(moon, root);
    trust(carol, root);
    expect(await world.during(moon.initiate('net')), `seed ${seed}`).toEqual({ ok: true });
    await world.settle(() => carol.children.length >= 1);
    expect(has(moon, /^splitting IKE message \(\d+ bytes\) into \d+ fragments/)).toBe(true);
    world.network.link = { ...world.network.link, loss: 0 };
  }
});
