import { describe, expect, test } from 'vitest';
import type { Certificate } from '../../../../daemon/credentials/x509/certificate.ts';
import { nameOf } from '../../../support/build-x509.ts';
import { PathSetup } from '../../../support/path-setup.ts';
import {
  caExtension,
  generalName,
  issue,
  TEST_TIME,
  type TestEntity,
  testKey,
} from '../../../support/test-pki.ts';

const DAY = 86_400_000;
const expired = { notAfter: TEST_TIME - DAY };

function certificates(...entities: readonly TestEntity[]): readonly Certificate[] {
  return entities.map(({ certificate }) => certificate);
}

/** One that does not say which key signed it. */
function withoutIssuersKey({ certificate }: TestEntity): Certificate {
  const { authorityKeyId: _, ...rest } = certificate;
  return rest;
}

function setup(...anchors: readonly TestEntity[]): PathSetup {
  const all = new PathSetup();
  all.source.load('CA', certificates(...anchors));
  return all;
}

describe('path search', () => {
  const root = issue({ subject: 'root', ca: true });
  const sub = issue({ subject: 'sub', issuer: root, ca: true });
  const moon = issue({ subject: 'moon', issuer: sub });

  test('finds the way through what the peer sent, in whatever order', async () => {
    const { chain } = await setup(root).path(
      moon.certificate,
      issue({ subject: 'other', issuer: root, ca: true }).certificate,
      sub.certificate,
      moon.certificate,
    );
    expect(chain).toEqual(certificates(moon, sub, root));
  });

  test('finds the way through an intermediate that is loaded but not trusted', async () => {
    const all = setup(root);
    all.source.load('CA', [sub.certificate], false);
    expect((await all.path(moon.certificate)).chain).toEqual(certificates(moon, sub, root));
  });

  test('does not end at an intermediate, even one that is loaded as a CA', async () => {
    expect(await setup(sub).path(moon.certificate)).toEqual({
      alert: 'cert-no-issuer',
      reason: 'no issuer certificate found for "CN=sub", issuer is "CN=root"',
    });
  });

  test('does not end at a new key of a CA that its old key certified', async () => {
    const rollover = issue({ subject: 'root', key: testKey(), issuer: root, ca: true });
    const below = issue({ subject: 'below', issuer: rollover });
    expect((await setup(rollover).path(below.certificate)).alert).toBe('cert-no-issuer');
    const all = setup(rollover, root);
    expect((await all.path(below.certificate)).chain).toEqual(certificates(below, rollover, root));
  });

  test('names the issuer that is missing', async () => {
    expect(await setup(root).path(moon.certificate)).toEqual({
      alert: 'cert-no-issuer',
      reason: 'no issuer certificate found for "CN=moon", issuer is "CN=sub"',
    });
  });

  test('names a root that nobody loaded, and checks no signature for it', async () => {
    const all = setup(issue({ subject: 'another', ca: true }));
    expect(await all.path(moon.certificate, sub.certificate, root.certificate)).toEqual({
      alert: 'cert-untrusted-root',
      reason: '"CN=root" is self-signed and not trusted',
    });
    expect(all.checks).toBe(0);
  });

  test('refuses a chain under a root of the same name with another key', async () => {
    const fake = issue({ subject: 'root', ca: true });
    const fakeSub = issue({ subject: 'sub', issuer: fake, ca: true });
    const evil = issue({ subject: 'moon', issuer: fakeSub });
    expect(await setup(root).path(evil.certificate, fakeSub.certificate, fake.certificate)).toEqual(
      {
        alert: 'cert-validation-failed',
        reason: 'the signature of "CN=sub" was not made by its issuer "CN=root"',
      },
    );
  });

  test('refuses a signature that another key made, at each place of the chain', async () => {
    const forged = issue({ subject: 'moon', issuer: sub, forgedBy: testKey() });
    const failed = await setup(root).path(forged.certificate, sub.certificate);
    expect(failed.reason).toBe('the signature of "CN=moon" was not made by its issuer "CN=sub"');
    const forgedSub = issue({
      ...sub,
      subject: 'sub',
      issuer: root,
      ca: true,
      forgedBy: testKey(),
    });
    const top = await setup(root).path(moon.certificate, forgedSub.certificate);
    expect(top.reason).toBe('the signature of "CN=sub" was not made by its issuer "CN=root"');
  });

  test('takes the issuer whose key id is named first', async () => {
    const renewed = issue({ subject: 'root', ca: true });
    const all = setup(renewed, root);
    expect((await all.path(moon.certificate, sub.certificate)).chain).toHaveLength(3);
    expect(all.checks).toBe(2);
  });

  test('tries every issuer of a name if key ids do not help', async () => {
    const others = Array.from({ length: 20 }, () => issue({ subject: 'root', ca: true }));
    const all = setup(...others, root);
    const { authorityKeyId: _, ...withoutKeyId } = sub.certificate;
    const { chain } = await all.path(moon.certificate, withoutKeyId);
    expect(chain?.at(-1)).toEqual(root.certificate);
  });

  test('refuses issuers that are no CA, and CAs that must not sign certificates', async () => {
    const peer = issue({ subject: 'peer', issuer: root });
    const below = issue({ subject: 'below', issuer: peer });
    expect(await setup(root).path(below.certificate, peer.certificate)).toEqual({
      alert: 'cert-validation-failed',
      reason: 'issuer "CN=peer" is not a CA certificate',
    });
    const crlOnly = { ...sub.certificate, keyUsage: new Set(['cRLSign'] as const) };
    expect((await setup(root).path(moon.certificate, crlOnly)).reason).toBe(
      'issuer "CN=sub" must not sign certificates',
    );
  });

  test('checks validity of every certificate, at the time of the judgement', async () => {
    const old = issue({ subject: 'sub', issuer: root, ca: true, key: sub.key, ...expired });
    const failed = await setup(root).path(moon.certificate, old.certificate);
    expect(failed.alert).toBe('cert-expired');
    expect(failed.reason).toBe(
      '"CN=sub" expired on 2026-05-31 00:00:00 UTC, it is 2026-06-01 00:00:00 UTC',
    );
    const all = setup(root);
    all.time = root.certificate.notAfter;
    expect((await all.path(moon.certificate, sub.certificate)).chain).toHaveLength(3);
    all.time = root.certificate.notAfter + 1;
    expect((await all.path(moon.certificate, sub.certificate)).alert).toBe('cert-expired');
    all.time = moon.certificate.notBefore - 1;
    expect((await all.path(moon.certificate, sub.certificate)).reason).toMatch(
      /^"CN=moon" is not valid before 2025-01-01/,
    );
  });

  test('refuses unknown critical extensions', async () => {
    const strange = { ...moon.certificate, unknownCritical: ['1.2.3.4'] };
    expect(await setup(root).path(strange, sub.certificate)).toEqual({
      alert: 'cert-validation-failed',
      reason: `critical '1.2.3.4' extension not supported, found in "CN=moon"`,
    });
  });

  test('checks no signature of a known chain again, but its validity', async () => {
    const all = setup(root);
    await all.path(moon.certificate, sub.certificate);
    expect(all.checks).toBe(2);
    await all.path(moon.certificate, sub.certificate);
    expect(all.checks).toBe(2);
    all.time = moon.certificate.notAfter + 1;
    expect((await all.path(moon.certificate, sub.certificate)).alert).toBe('cert-expired');
  });
});

describe('SEC-54: path building', () => {
  const root = issue({ subject: 'root', ca: true });

  test('takes the valid cross-sign beside an expired one, and beside an expired root', async () => {
    const old = issue({ subject: 'old root', ca: true, ...expired });
    const key = testKey();
    const bad = issue({ subject: 'sub', issuer: old, key, ca: true });
    const stale = issue({ subject: 'sub', issuer: root, key, ca: true, ...expired });
    const good = issue({ subject: 'sub', issuer: root, key, ca: true });
    const moon = issue({ subject: 'moon', issuer: good });
    const { chain } = await setup(old, root).path(
      moon.certificate,
      ...certificates(bad, stale, good),
    );
    expect(chain).toEqual(certificates(moon, good, root));
  });

  test('walks round a root that another one cross-signed', async () => {
    const newKey = testKey();
    const newRoot = issue({ subject: 'new root', key: newKey, ca: true });
    const cross = issue({ subject: 'new root', key: newKey, issuer: root, ca: true });
    const sub = issue({ subject: 'sub', issuer: newRoot, ca: true });
    const moon = issue({ subject: 'moon', issuer: sub });
    const sent = certificates(newRoot, cross, sub);
    expect((await setup(root).path(moon.certificate, ...sent)).chain).toEqual(
      certificates(moon, sub, cross, root),
    );
    expect((await setup(root, newRoot).path(moon.certificate, ...sent)).chain).toEqual(
      certificates(moon, sub, newRoot),
    );
  });

  test('ends in loops of CAs that sign each other', async () => {
    const [a, b] = [testKey(), testKey()];
    const first = issue({ subject: 'a', key: a, ca: true });
    const second = issue({ subject: 'b', key: b, issuer: first, ca: true });
    const back = issue({ subject: 'a', key: a, issuer: second, ca: true });
    const moon = issue({ subject: 'moon', issuer: second });
    const all = setup(root);
    const failed = await all.path(moon.certificate, ...certificates(second, back));
    expect(failed.alert).toBe('cert-no-issuer');
    expect(all.checks).toBe(0);
    const out = issue({ subject: 'b', key: b, issuer: root, ca: true });
    const { chain } = await all.path(moon.certificate, ...certificates(second, back, out));
    expect(chain).toEqual(certificates(moon, out, root));
  });

  // Twenty CAs that all signed each other: 10^18 ways, and none of them leads out.
  test('does not explode where everybody signed everybody', async () => {
    const mesh = crossSigned(20);
    const moon = issue({ subject: 'moon', issuer: mesh.of(0) });
    const outside = setup(root);
    const none = await outside.path(moon.certificate, ...mesh.certificates);
    expect(none.alert).toBe('cert-no-issuer');
    expect(outside.checks).toBe(0);
  });

  test('does not explode where the only ways out are forged', async () => {
    const mesh = crossSigned(20);
    const moon = issue({ subject: 'moon', issuer: mesh.of(0) });
    const forged = mesh.keys.map((key, i) =>
      issue({ subject: `ca ${i}`, key, issuer: root, ca: true, forgedBy: testKey() }),
    );
    const all = setup(root);
    const failed = await all.path(
      moon.certificate,
      ...mesh.certificates,
      ...certificates(...forged),
    );
    expect(failed.chain).toBeUndefined();
    expect(failed.alert).toBe('cert-validation-failed');
    expect(all.checks).toBeLessThanOrEqual(20);
  });

  test('takes the short way out of such a mesh at once', async () => {
    const mesh = crossSigned(20);
    const moon = issue({ subject: 'moon', issuer: mesh.of(0) });
    const exits = mesh.keys.map((key, i) =>
      issue({ subject: `ca ${i}`, key, issuer: root, ca: { pathLength: 0 } }),
    );
    const all = setup(root);
    const sent = [...mesh.certificates, ...certificates(...exits)];
    const { chain } = await all.path(moon.certificate, ...sent);
    expect(chain).toEqual([moon.certificate, exits[0]?.certificate, root.certificate]);
    expect(all.checks).toBe(2);
  });

  test('gives up where there are too many ways to try', async () => {
    const mesh = crossSigned(8);
    const moon = issue({ subject: 'moon', issuer: mesh.of(0) });
    const { key } = mesh.of(7);
    const { nameConstraints } = caExtension;
    const narrow = issue({
      subject: 'narrow',
      ca: true,
      extensions: [nameConstraints([generalName.directory(nameOf('nobody'))])],
    });
    const all = new PathSetup({ limits: { paths: 10 } });
    all.source.load('CA', certificates(narrow));
    const sent = issue({ subject: 'ca 7', key, issuer: narrow, ca: true });
    expect(await all.path(moon.certificate, ...mesh.certificates, sent.certificate)).toEqual({
      alert: 'cert-validation-failed',
      reason: 'the search for a path took more than 10 paths to trust anchors',
    });
    const few = new PathSetup({ limits: { steps: 5 } });
    few.source.load('CA', certificates(narrow));
    expect((await few.path(moon.certificate, ...mesh.certificates, sent.certificate)).reason).toBe(
      'the search for a path took more than 5 steps',
    );
  });

  test('checks a limited number of signatures, and for a limited time', async () => {
    const others = Array.from({ length: 30 }, () => issue({ subject: 'root', ca: true }));
    const moon = issue({ subject: 'moon', issuer: root });
    const { authorityKeyId: _, ...withoutKeyId } = moon.certificate;
    const all = new PathSetup({ limits: { signatures: 10 } });
    all.source.load('CA', certificates(...others));
    expect(await all.path(withoutKeyId)).toEqual({
      alert: 'cert-validation-failed',
      reason: 'the search for a path took more than 10 signatures to check',
    });
    expect(all.checks).toBe(10);
    const slow = new PathSetup({ limits: { time: 100 } });
    slow.source.load('CA', certificates(...others));
    slow.checkTime = 30;
    expect((await slow.path(withoutKeyId)).reason).toBe(
      'the search for a path took more than 100 ms to check signatures',
    );
    expect(slow.checks).toBe(4);
  });

  test('checks no more than a thousand signatures unless told otherwise', async () => {
    // Each of these could have been issued by each of five roots of that name: 1280 signatures, none of them right.
    const sub = issue({ subject: 'sub', issuer: root, ca: true });
    const subs = Array.from({ length: 255 }, () =>
      issue({ subject: 'sub', issuer: root, ca: true }),
    );
    const moon = withoutIssuersKey(issue({ subject: 'moon', issuer: sub }));
    const all = new PathSetup();
    all.source.load('CA', [sub, ...subs].map(withoutIssuersKey), false);
    for (let i = 0; i < 5; i++)
      all.source.load('CA', certificates(issue({ subject: 'root', ca: true })));
    expect(await all.path(moon)).toEqual({
      alert: 'cert-validation-failed',
      reason: 'the search for a path took more than 1000 signatures to check',
    });
    expect(all.checks).toBe(1000);
  });

  test.each([
    [7, true],
    [8, false],
  ])('a trust anchor %i certificates above the first: %s', async (depth, found) => {
    let issuer = root;
    const sent: TestEntity[] = [];
    for (let i = 1; i < depth; i++) {
      issuer = issue({ subject: `ca ${i}`, issuer, ca: true });
      sent.push(issuer);
    }
    const moon = issue({ subject: 'moon', issuer });
    const result = await setup(root).path(moon.certificate, ...certificates(...sent));
    if (found) expect(result.chain).toHaveLength(depth + 1);
    else
      expect(result).toEqual({
        alert: 'cert-exceeded-path-len',
        reason: 'maximum path length of 7 exceeded',
      });
  });

  test('enforces path lengths, and takes another way if there is one', async () => {
    const key = testKey();
    const short = issue({ subject: 'a', key, issuer: root, ca: { pathLength: 0 } });
    const long = issue({ subject: 'a', key, issuer: root, ca: { pathLength: 1 } });
    const below = issue({ subject: 'b', issuer: short, ca: true });
    const moon = issue({ subject: 'moon', issuer: below });
    expect(await setup(root).path(moon.certificate, ...certificates(short, below))).toEqual({
      alert: 'cert-policy-violation',
      reason: 'path length of 1 violates constraint of 0',
    });
    const { chain } = await setup(root).path(moon.certificate, ...certificates(short, long, below));
    expect(chain).toEqual(certificates(moon, below, long, root));
  });

  test('enforces the path length of the trust anchor too', async () => {
    const strict = issue({ subject: 'strict', ca: { pathLength: 0 } });
    const sub = issue({ subject: 'sub', issuer: strict, ca: true });
    const moon = issue({ subject: 'moon', issuer: sub });
    expect((await setup(strict).path(moon.certificate, sub.certificate)).reason).toBe(
      'path length of 1 violates constraint of 0',
    );
  });
});

/** CAs each of which was certified by each other one, and by no root. */
function crossSigned(count: number): {
  readonly keys: readonly ReturnType<typeof testKey>[];
  readonly certificates: readonly Certificate[];
  readonly of: (index: number) => TestEntity;
} {
  const keys = Array.from({ length: count }, testKey);
  const selves = keys.map((key, i) => issue({ subject: `ca ${i}`, key, ca: true }));
  const all = keys.flatMap((key, i) =>
    selves.flatMap((issuer, j) =>
      i === j ? [] : [issue({ subject: `ca ${i}`, key, issuer, ca: true }).certificate],
    ),
  );
  const of = (index: number): TestEntity => {
    const self = selves[index];
    if (self === undefined) throw new Error(`no CA ${index}`);
    return self;
  };
  return { keys, certificates: all, of };
}
