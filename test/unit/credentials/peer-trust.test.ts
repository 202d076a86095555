import { describe, expect, test } from 'vitest';
import type { ReceivedCredentials, TrustConstraints } from '../../../daemon/credentials/trust.ts';
import type { Identity } from '../../../daemon/proto/identity.ts';
import { der, extension } from '../../support/build-x509.ts';
import {
  fqdn,
  judge,
  moon,
  moonId,
  moonNames,
  peer,
  refused,
  root,
  sent,
  setup,
  sub,
} from '../../support/moon.ts';
import { NO_CONSTRAINTS, PathSetup, received } from '../../support/path-setup.ts';
import { caExtension, generalName, issue, TEST_TIME } from '../../support/test-pki.ts';

describe('claims', () => {
  const claims = (
    all: PathSetup,
    what: ReceivedCredentials,
    demands: Partial<TrustConstraints> = {},
    id: Identity = moonId,
  ): readonly (string | undefined)[] =>
    all.trust
      .claims(id, what, { ...NO_CONSTRAINTS, ...demands })
      .map(({ certificate, publicKey }) => certificate?.fingerprint ?? publicKey.keyId);

  test('name the received certificate first, if it carries the identity', () => {
    expect(claims(setup(), sent())).toEqual([moon.certificate.fingerprint]);
    expect(claims(setup(), sent(), {}, fqdn('MOON.example.org'))).toHaveLength(1);
    expect(claims(setup(), sent(), {}, fqdn('sun.example.org'))).toEqual([]);
    const [subject] = moon.certificate.identities;
    expect(claims(setup(), sent(), {}, subject)).toHaveLength(1);
    expect(claims(setup(), received(sub.certificate, moon.certificate))).toEqual([]);
  });

  test('do not expand a wildcard of a certificate', () => {
    const wild = peer({ names: [generalName.dns('*.example.org')] });
    expect(claims(setup(), sent(wild))).toEqual([]);
  });

  test('name loaded certificates of the identity, the longest valid first', () => {
    const all = setup();
    const old = peer({ notAfter: TEST_TIME - 1 });
    const short = peer({ notAfter: TEST_TIME + 1 });
    all.source.load('NONE', [old.certificate, short.certificate, moon.certificate]);
    const order = [moon, short, old].map(({ certificate }) => certificate.fingerprint);
    expect(claims(all, received())).toEqual(order);
    expect(claims(all, sent(short))).toEqual([order[1], order[0], order[2]]);
  });

  test('are those of the list, if a connection lists certificates or keys', () => {
    const all = setup();
    const other = peer();
    all.source.load('NONE', [other.certificate]);
    const { publicKey } = other.certificate;
    if (publicKey === undefined) throw new Error('no key');
    const listed = { certificates: [moon.certificate] };
    expect(claims(all, sent(other), listed)).toEqual([moon.certificate.fingerprint]);
    expect(claims(all, sent(), { publicKeys: [publicKey] })).toEqual([publicKey.keyId]);
  });

  test('are limited', () => {
    const all = setup();
    for (let i = 0; i < 40; i++) all.source.load('NONE', [peer().certificate]);
    expect(claims(all, sent())).toHaveLength(16);
  });
});

describe('judging a certificate', () => {
  test('gives its chain, until when it is valid, and what it is called in the log', async () => {
    const all = setup();
    const short = peer({ notAfter: TEST_TIME + 1000 });
    expect(await judge(all, sent(short))).toEqual({
      trusted: true,
      chain: [short, sub, root].map(({ certificate }) => certificate),
      notAfter: TEST_TIME + 1000,
      warnings: [],
    });
    expect(all.log.lines).toEqual([
      '  using untrusted intermediate certificate "CN=sub"',
      '  using trusted ca certificate "CN=root"',
      '  reached self-signed root ca with a path length of 1',
    ]);
  });

  test('costs no signature check the second time', async () => {
    const all = setup();
    await judge(all, sent());
    expect(all.checks).toBe(2);
    expect(await judge(all, sent())).toMatchObject({ trusted: true });
    expect(all.checks).toBe(2);
  });

  test('refuses an identity that the certificate does not carry, and the key of another', async () => {
    const all = setup();
    const { publicKey } = moon.certificate;
    const otherKey = sub.certificate.publicKey;
    if (publicKey === undefined || otherKey === undefined) throw new Error('no key');
    const { certificate } = moon;
    const claim = { identity: fqdn('sun.example.org'), publicKey, certificate };
    expect(await all.trust.judge(claim, sent(), NO_CONSTRAINTS)).toEqual(
      refused(`"CN=moon" does not prove the identity 'sun.example.org'`, 'cert-validation-failed'),
    );
    const confused = { identity: moonId, publicKey: otherKey, certificate };
    expect(await all.trust.judge(confused, sent(), NO_CONSTRAINTS)).toEqual(
      refused('"CN=moon" is not a certificate of the key used', 'cert-validation-failed'),
    );
  });

  test('refuses what is expired, without an issuer, or self-signed', async () => {
    const old = peer({ notAfter: TEST_TIME - 1 });
    expect(await judge(setup(), sent(old))).toEqual(refused(/expired on/, 'cert-expired'));
    expect(await judge(setup(), received(moon.certificate))).toEqual(
      refused(/^no issuer certificate found for "CN=moon"/, 'cert-no-issuer'),
    );
    const self = issue({ subject: 'moon', names: moonNames });
    expect(await judge(setup(), received(self.certificate))).toEqual(
      refused('"CN=moon" is self-signed and not trusted', 'cert-untrusted-root'),
    );
  });

  test.each([
    ['absent', [], true],
    ['digitalSignature', [der.bits(Uint8Array.of(0x80), 7)], true],
    ['nonRepudiation', [der.bits(Uint8Array.of(0x40), 6)], true],
    ['keyEncipherment alone', [der.bits(Uint8Array.of(0x20), 5)], false],
  ])('key usage %s', async (_, usage, trusted) => {
    const extensions = usage.map((value) => extension('2.5.29.15', value, true));
    expect(await judge(setup(), sent(peer({ extensions })))).toMatchObject({ trusted });
  });

  test.each([
    ['ipsecIKE', ['1.3.6.1.5.5.7.3.17'], true],
    ['serverAuth', ['1.3.6.1.5.5.7.3.1'], true],
    ['clientAuth', ['1.3.6.1.5.5.7.3.2'], true],
    ['any', ['2.5.29.37.0'], true],
    ['code signing and iKEIntermediate', ['1.3.6.1.5.5.7.3.3', '1.3.6.1.5.5.8.2.2'], true],
    ['code signing', ['1.3.6.1.5.5.7.3.3'], false],
    ['OCSP signing', ['1.3.6.1.5.5.7.3.9'], false],
  ])('extended key usage %s', async (_, purposes, trusted) => {
    const value = der.seq(...purposes.map((oid) => der.oid(oid)));
    const extensions = [extension('2.5.29.37', value)];
    expect(await judge(setup(), sent(peer({ extensions })))).toMatchObject({ trusted });
  });

  test('address blocks come with the verdict', async () => {
    const all = new PathSetup();
    const top = issue({ subject: 'top', ca: true, extensions: [caExtension.ipv4Blocks(['0a'])] });
    all.source.load('CA', [top.certificate]);
    const below = peer({ issuer: top, extensions: [caExtension.ipv4Blocks(['0a0102'])] });
    expect(await judge(all, received(below.certificate))).toMatchObject({
      addressBlocks: [
        { family: 4, from: Uint8Array.of(10, 1, 2, 0), to: Uint8Array.of(10, 1, 2, 255) },
      ],
    });
  });

  test('whatever goes wrong is a refusal', async () => {
    const all = setup();
    all.source.bySubject = () => {
      throw new Error('broken');
    };
    expect(await judge(all, sent())).toEqual(
      refused('the certificate could not be judged: broken', 'cert-validation-failed'),
    );
  });
});

describe('what a connection demands', () => {
  test('one of its CAs in the chain', async () => {
    expect(await judge(setup(), sent(), { cas: [sub.certificate] })).toMatchObject({
      trusted: true,
    });
    const other = issue({ subject: 'other', ca: true }).certificate;
    expect(await judge(setup(), sent(), { cas: [other] })).toEqual(
      refused(
        `constraint check failed: peer not authenticated by CA 'CN=other'`,
        'cert-policy-violation',
      ),
    );
  });

  test('takes the path through its CA, if there are two', async () => {
    const all = setup();
    const second = issue({ subject: 'second', ca: true });
    all.source.load('CA', [second.certificate]);
    const cross = issue({ subject: 'sub', key: sub.key, issuer: second, ca: true });
    const what = received(moon.certificate, sub.certificate, cross.certificate);
    for (const ca of [root, second])
      expect(await judge(all, what, { cas: [ca.certificate] })).toMatchObject({
        chain: [moon.certificate, expect.anything(), ca.certificate],
      });
  });

  test('an identity of some CA', async () => {
    const [caId] = sub.certificate.identities;
    if (caId === undefined) throw new Error('no identity');
    expect(await judge(setup(), sent(), { caId })).toMatchObject({ trusted: true });
    const [own] = moon.certificate.identities;
    if (own === undefined) throw new Error('no identity');
    expect(await judge(setup(), sent(), { caId: own })).toEqual(
      refused(/peer not authenticated by CA 'CN=moon'/),
    );
  });

  test('each of its policies, valid along the chain', async () => {
    expect(await judge(setup(), sent(), { policies: ['1.2.3'] })).toMatchObject({ trusted: true });
    expect(await judge(setup(), sent(), { policies: ['1.2.3', '1.2.4'] })).toEqual(
      refused('constraint requires cert policy 1.2.4', 'cert-policy-violation'),
    );
    const own = peer({ extensions: [caExtension.policies('1.2.4')] });
    expect(await judge(setup(), sent(own), { policies: ['1.2.4'] })).toEqual(
      refused('constraint requires cert policy 1.2.4'),
    );
  });

  test('its certificates and no others', async () => {
    const other = peer().certificate;
    const all = setup();
    const { publicKey } = moon.certificate;
    if (publicKey === undefined) throw new Error('no key');
    const claim = { identity: moonId, publicKey, certificate: moon.certificate };
    const constraints = { ...NO_CONSTRAINTS, certificates: [other] };
    expect(await all.trust.judge(claim, sent(), constraints)).toEqual(
      refused('"CN=moon" is not among the certificates of the connection'),
    );
  });

  test('keys that are strong enough, all along', async () => {
    const strength = { keys: [{ kind: 'ed25519', bits: 512 }], hashes: [] } as const;
    expect(await judge(setup(), sent(), { strength })).toEqual(
      refused(/"CN=moon" cannot be used: its key is ed25519/, 'cert-policy-violation'),
    );
  });
});
