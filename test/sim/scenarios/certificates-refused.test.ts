import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { authRound } from '../../support/connections.ts';
import { byKey, configured, enrol, trust } from '../enrol.ts';
import { expectNothingLeased, leases, leasing, openPool } from '../leasing.ts';
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

function has(host: WorldHost, pattern: RegExp): boolean {
  return host.lines.some((line) => pattern.test(line));
}

describe('who is refused, where it shows', () => {
  type Prepare = (moon: WorldHost, carol: WorldHost, ca: TestCa) => Promise<void>;

  /** Moon initiates with what `prepare` made of it, and asks carol for an address. */
  async function attempted(world: World, prepare: Prepare, setup: PairSetup = {}) {
    const ca = new TestCa('CA');
    const [moon, carol] = await pair(world, leasing(keyed(setup)));
    openPool(carol);
    await enrol(carol, ca.issue('carol', { dns: [CAROL] }));
    await prepare(moon, carol, ca);
    trust(moon, ca);
    trust(carol, ca);
    return { moon, carol, outcome: await world.during(moon.initiate('net')) };
  }

  /** It fails, and nothing is left of it; carol leased nothing, unless it was moon who refused, which is later. */
  async function refused(
    prepare: Prepare,
    setup: PairSetup = {},
    by: 'moon' | 'carol' = 'carol',
  ): Promise<readonly [WorldHost, WorldHost, string]> {
    await using world = new World({ printOnFailure: true });
    const { moon, carol, outcome } = await attempted(world, prepare, setup);
    expect(outcome.ok).toBe(false);
    await world.settle(() => moon.sas.length + carol.sas.length === 0);
    expect(moon.kernel.empty).toBe(true);
    if (by === 'carol') expectNothingLeased(carol);
    else {
      expect(leases(carol)).toEqual({ online: 0, offline: 1 });
      expect(carol.kernel.empty).toBe(true);
    }
    return [moon, carol, outcome.ok ? '' : outcome.errmsg];
  }

  /** It was no more than half open. */
  function expectNeverUp(host: WorldHost): void {
    expect(has(host, / established /)).toBe(false);
  }

  const told = /received AUTHENTICATION_FAILED notify error/;

  test('who is not refused gets an address', async () => {
    await using world = new World();
    const { carol, outcome } = await attempted(world, (moon, _carol, ca) =>
      enrol(moon, ca.issue('moon', { dns: [MOON] })),
    );
    expect(outcome).toEqual({ ok: true });
    expect(leases(carol)).toEqual({ online: 1, offline: 0 });
  });

  test('a certificate of a CA that is not trusted', async () => {
    const other = new TestCa('Mallory CA');
    const [, carol, errmsg] = await refused((moon) =>
      enrol(moon, other.issue('moon', { dns: [MOON] })),
    );
    expect(errmsg).toMatch(told);
    expect(has(carol, /no trusted ECDSA public key found for 'moon/)).toBe(true);
    expect(carol.alerts('peer-auth-failed')).toBe(1);
    expectNeverUp(carol);
    expect(carol.alerts('cert-no-issuer') + carol.alerts('cert-untrusted-root')).toBe(1);
  });

  test('an expired certificate', async () => {
    const notAfter = new Date('2025-12-31');
    const [, carol, errmsg] = await refused((moon, _carol, ca) =>
      enrol(moon, ca.issue('moon', { dns: [MOON], notAfter })),
    );
    expect(errmsg).toMatch(told);
    expect(carol.alerts('cert-expired')).toBe(1);
  });

  test('our identity is not in our certificate: nothing is sent, and it is said', async () => {
    const [moon, , errmsg] = await refused(
      (host, _carol, ca) => enrol(host, ca.issue('moon', { dns: ['sun.example.org'] })),
      {
        moonConnection: {
          local: [byKey({ id: id(MOON), certs: [configured(new TestCa('CA').issue('moon'))] })],
        },
      },
    );
    expect(errmsg).toMatch(/certificate "CN=moon" does not contain our identity 'moon/);
    expect(moon.alerts('local-auth-failed')).toBe(1);
  });

  test('no private key for our certificate', async () => {
    const issued = new TestCa('CA').issue('moon', { dns: [MOON] });
    const [, , errmsg] = await refused(() => Promise.resolve(), {
      moonConnection: { local: [byKey({ id: id(MOON), certs: [configured(issued)] })] },
    });
    expect(errmsg).toMatch(/the private key of certificate "CN=moon" is not loaded/);
  });

  test('nor one of the responder: it says so, and the initiator is told no more than that', async () => {
    const [, carol, errmsg] = await refused(
      (moon, _carol, ca) => enrol(moon, ca.issue('moon', { dns: [MOON] })),
      {
        moonConnection: { remote: [byKey()] },
        carolConnection: { local: [byKey({ id: id('carol-3.example.org') })], remote: [byKey()] },
      },
    );
    expect(errmsg).toMatch(told);
    expect(has(carol, /no private key found for 'carol-3.*; load a certificate/)).toBe(true);
    expect(carol.alerts('local-auth-failed')).toBe(1);
    expect(carol.alerts('peer-auth-failed')).toBe(0);
    expectNeverUp(carol);
  });

  test('the peer is somebody else than configured', async () => {
    const [, carol, errmsg] = await refused(
      (moon, _carol, ca) => enrol(moon, ca.issue('moon', { dns: [MOON] })),
      { carolConnection: { remote: [byKey({ id: id('sun.example.org') })] } },
    );
    expect(errmsg).toMatch(told);
    expect(has(carol, /no matching peer config found/)).toBe(true);
  });

  test('the responder is somebody else: the initiator says so and tells it', async () => {
    const [moon, , errmsg] = await refused(
      (host, _carol, ca) => enrol(host, ca.issue('moon', { dns: [MOON] })),
      {
        moonConnection: { remote: [byKey({ id: id('*.example.com') })] },
        carolConnection: { remote: [byKey()] },
      },
      'moon',
    );
    expect(errmsg).toMatch(/identity '\*\.example\.com' required, but the peer is 'carol/);
    expect(moon.alerts('peer-auth-failed')).toBe(1);
  });

  test('a CA of the chain is required that is another one', async () => {
    const other = new TestCa('Other CA').self;
    const [, carol, errmsg] = await refused(
      (moon, _carol, ca) => enrol(moon, ca.issue('moon', { dns: [MOON] })),
      { carolConnection: { remote: [byKey({ id: id(MOON), cacerts: [configured(other)] })] } },
    );
    expect(errmsg).toMatch(told);
    expect(has(carol, /peer not authenticated by CA 'CN=Other CA'/)).toBe(true);
  });

  test('a shared key where a certificate is required, and the other way round', async () => {
    const psk = authRound({ id: id(MOON) });
    const [, carol] = await refused(() => Promise.resolve(), {
      moonConnection: { local: [psk] },
    });
    expect(has(carol, /constraint check failed: pubkey authentication is required/)).toBe(true);
    const [, other] = await refused(
      (moon, _carol, ca) => enrol(moon, ca.issue('moon', { dns: [MOON] })),
      { carolConnection: { remote: [psk] } },
    );
    expect(has(other, /constraint check failed: psk authentication is required/)).toBe(true);
  });
});
