import { sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type {
  AttributeCertificate,
  AttributeGroup,
  Certificate,
} from '../../../daemon/credentials/x509/certificate.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
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
import { NO_CONSTRAINTS, type PathSetup, received } from '../../support/path-setup.ts';
import { issue, TEST_TIME, type TestEntity } from '../../support/test-pki.ts';

describe('certificates that are loaded themselves', () => {
  const self = issue({ subject: 'moon', names: moonNames });

  test('need no chain', async () => {
    const all = setup();
    all.source.load('NONE', [self.certificate]);
    const trusted = { trusted: true, chain: [self.certificate] };
    expect(await judge(all, received())).toMatchObject(trusted);
    expect(await judge(setup(), received(), { certificates: [self.certificate] })).toMatchObject(
      trusted,
    );
  });

  test('are still valid or not', async () => {
    const all = setup();
    all.source.load('NONE', [self.certificate]);
    all.time = self.certificate.notAfter + 1;
    expect(await judge(all, received())).toEqual(refused(/expired/, 'cert-expired'));
  });

  test('that only came along need one', async () => {
    const all = setup();
    all.source.load('NONE', [self.certificate], false);
    expect(await judge(all, received())).toEqual(refused(/self-signed and not trusted/));
  });

  test('must have a good status where one is required', async () => {
    const all = setup();
    all.source.load('NONE', [self.certificate]);
    expect(await judge(all, received(), { revocation: 'ifuri' })).toMatchObject({ trusted: true });
    expect(await judge(all, received(), { revocation: 'strict' })).toEqual(
      refused(/^RULE_CRL_VALIDATION is SKIPPED, but requires at least GOOD/),
    );
  });

  test('are of no CA', async () => {
    const all = setup();
    all.source.load('NONE', [self.certificate]);
    expect(await judge(all, received(), { cas: [root.certificate] })).toEqual(
      refused(/peer not authenticated by CA 'CN=root'/),
    );
  });

  test('are revoked by their CA nevertheless', async () => {
    const all = setup();
    all.source.load('NONE', [moon.certificate]);
    all.revocation.answer(moon.certificate, {
      status: 'revoked',
      revokedAt: Date.UTC(2026, 0, 2),
      reason: 'keyCompromise',
    });
    expect(await judge(all, sent())).toMatchObject({ alert: 'cert-revoked' });
  });

  test('are refused with reject_trusted_end_entity', async () => {
    const all = setup({ rejectTrustedEndEntity: true });
    expect(await judge(all, sent())).toMatchObject({ trusted: true });
    all.source.load('NONE', [moon.certificate]);
    expect(await judge(all, sent())).toEqual(refused(/reject_trusted_end_entity/));
  });
});

describe('raw public keys', () => {
  const { publicKey } = moon.certificate;
  if (publicKey === undefined) throw new Error('no key');

  test('are trusted for the identity they are loaded for', async () => {
    const all = setup();
    all.source.keys.push({ identity: moonId, key: publicKey });
    expect(await judge(all, received())).toEqual({ trusted: true, chain: [], warnings: [] });
    const sun = { identity: fqdn('sun.example.org'), publicKey };
    expect(await all.trust.judge(sun, received(), NO_CONSTRAINTS)).toEqual(
      refused(/is not configured for 'sun.example.org'/, 'cert-policy-violation'),
    );
  });

  test('are trusted if the connection lists them, and only then', async () => {
    const constraints = { ...NO_CONSTRAINTS, publicKeys: [publicKey] };
    expect(await judge(setup(), received(), constraints)).toMatchObject({ trusted: true });
    const sentKey = { ...received(), rawKeys: [publicKey] };
    expect(await judge(setup(), sentKey)).toEqual({ trusted: false, reason: 'no claim' });
    const claim = { identity: moonId, publicKey };
    expect(await setup().trust.judge(claim, sentKey, NO_CONSTRAINTS)).toMatchObject({
      trusted: false,
    });
  });

  test('belong to no CA, policy or group', async () => {
    for (const demand of [
      { cas: [root.certificate] },
      { policies: ['1.2.3'] },
      { groups: [moonId] },
    ])
      expect(await judge(setup(), received(), { publicKeys: [publicKey], ...demand })).toEqual(
        refused(/its CA, policy or group is demanded/),
      );
  });
});

describe('revocation', () => {
  const asked = (all: PathSetup): readonly Certificate[] =>
    all.revocation.asked.map(({ certificate }) => certificate);

  test('is asked for each certificate below the trust anchor, from the top', async () => {
    const all = setup();
    await judge(all, sent());
    expect(asked(all)).toEqual([sub.certificate, moon.certificate]);
    expect(all.revocation.asked[1]).toMatchObject({
      issuer: sub.certificate,
      policy: 'relaxed',
      chain: [moon.certificate, sub.certificate, root.certificate],
    });
  });

  test('SEC-51: is not asked for a chain that is not trusted', async () => {
    const all = setup();
    const foreign = issue({ subject: 'foreign', ca: true });
    const stranger = peer({ issuer: foreign });
    await judge(all, received(stranger.certificate, foreign.certificate));
    await judge(all, sent(peer({ notAfter: TEST_TIME - 1 })));
    await judge(all, sent(peer({ forgedBy: foreign.key })));
    await judge(all, sent(), { policies: ['1.2.4'] });
    await judge(all, sent(), { cas: [foreign.certificate] });
    expect(asked(all)).toEqual([]);
  });

  test('of a revoked certificate is final', async () => {
    const all = setup();
    all.revocation.answer(sub.certificate, {
      status: 'revoked',
      revokedAt: Date.UTC(2026, 0, 2),
      reason: 'keyCompromise',
    });
    expect(await judge(all, sent())).toEqual(
      refused(
        'certificate was revoked on 2026-01-02 00:00:00 UTC, reason: keyCompromise, subject "CN=sub"',
        'cert-revoked',
      ),
    );
    expect(asked(all)).toEqual([sub.certificate]);
  });

  test.each([
    ['strict', 'good', true, 0],
    ['strict', 'skipped', false, 0],
    ['strict', 'stale', false, 0],
    ['strict', 'unavailable', false, 0],
    ['ifuri', 'skipped', true, 0],
    ['ifuri', 'stale', false, 0],
    ['ifuri', 'unavailable', false, 0],
    ['relaxed', 'skipped', true, 0],
    ['relaxed', 'stale', true, 1],
    ['relaxed', 'unavailable', true, 1],
  ] as const)('%s with a status that is %s: trusted %s', async (policy, status, trusted, count) => {
    const all = setup();
    all.revocation.answer(sub.certificate, { status: 'good' });
    all.revocation.answer(
      moon.certificate,
      status === 'good' ? { status } : { status, reason: 'so it is' },
    );
    const verdict = await judge(all, sent(), { revocation: policy });
    expect(verdict.trusted).toBe(trusted);
    if (verdict.trusted) expect(verdict.warnings).toHaveLength(count);
    else expect(verdict.reason).toContain(policy === 'strict' ? 'least GOOD' : 'least SKIPPED');
  });

  test('that cannot be had is asked for another chain, but not for many', async () => {
    const all = setup();
    const subs = Array.from({ length: 5 }, () =>
      issue({ subject: 'sub', key: sub.key, issuer: root, ca: true }),
    );
    const what = received(moon.certificate, ...subs.map(({ certificate }) => certificate));
    for (const { certificate } of subs)
      all.revocation.answer(certificate, { status: 'unavailable', reason: 'the server is down' });
    all.revocation.answer(moon.certificate, { status: 'good' });
    expect(await judge(all, what, { revocation: 'strict' })).toMatchObject({ trusted: false });
    expect(asked(all)).toHaveLength(3);
    const second = asked(all)[1];
    if (second === undefined) throw new Error('not asked');
    all.revocation.answer(second, { status: 'good' });
    expect(await judge(all, what, { revocation: 'strict' })).toMatchObject({
      chain: [moon.certificate, second, root.certificate],
    });
  });
});

describe('groups', () => {
  const authority = issue({ subject: 'authority', issuer: root });
  const groups = [fqdn('sales')];

  const textGroup = (name: string): AttributeGroup => ({ kind: 'text', value: utf8(name) });
  function attributes(
    more: Partial<AttributeCertificate> = {},
    signer: TestEntity = authority,
  ): AttributeCertificate {
    const tbs = utf8('attributes');
    return {
      kind: 'ac',
      der: tbs,
      fingerprint: 'ac',
      tbs,
      scheme: { kind: 'ed25519' },
      signature: Uint8Array.from(sign(null, tbs, signer.key.privateKey)),
      holder: {
        certificate: moon.certificate,
        names: [],
      },
      issuer: authority.certificate.subject,
      issuerKey: authority.certificate.subjectKey,
      serial: Uint8Array.of(1),
      notBefore: TEST_TIME,
      notAfter: TEST_TIME,
      groups: [textGroup('dev'), textGroup('Sales')],
      unknownCritical: [],
      ...more,
    };
  }

  async function isMember(
    ac: AttributeCertificate | undefined,
    flag: 'AA' | 'NONE' = 'AA',
    trusted: boolean = true,
  ): Promise<boolean> {
    const all = setup();
    all.source.load(flag, [authority.certificate], trusted);
    if (ac !== undefined) all.source.attributes.push(ac);
    const verdict = await judge(all, sent(), { groups });
    if (!verdict.trusted) expect(verdict.reason).toBe(`group membership to 'sales' required`);
    return verdict.trusted;
  }

  test('are those of an attribute certificate of the holder', async () => {
    expect(await isMember(attributes())).toBe(true);
    expect(await isMember(undefined)).toBe(false);
    expect(await isMember(attributes({ groups: [textGroup('dev')] }))).toBe(false);
    const other = { ...moon.certificate, serial: Uint8Array.of(9) };
    expect(await isMember(attributes({ holder: { certificate: other, names: [] } }))).toBe(false);
    expect(await isMember(attributes({ holder: { names: [] } }))).toBe(false);
    const named = { names: [{ kind: 'directory', name: moon.certificate.subject }] } as const;
    expect(await isMember(attributes({ holder: named }))).toBe(true);
    const misnamed = { names: [{ kind: 'directory', name: sub.certificate.subject }] } as const;
    expect(await isMember(attributes({ holder: misnamed }))).toBe(false);
  });

  test('count if it is valid and signed by an authority that was loaded as one', async () => {
    expect(await isMember(attributes({ notAfter: TEST_TIME - 1 }))).toBe(false);
    expect(await isMember(attributes({ notBefore: TEST_TIME + 1 }))).toBe(false);
    expect(await isMember(attributes({ unknownCritical: ['1.2.3'] }))).toBe(false);
    expect(await isMember(attributes({}, root))).toBe(false);
    expect(await isMember(attributes(), 'NONE')).toBe(false);
    expect(await isMember(attributes(), 'AA', false)).toBe(false);
  });
});
