import { describe, expect, test } from 'vitest';
import { VerifiedSignatures } from '../../../../daemon/credentials/path/verified-signatures.ts';
import type { SignedObject } from '../../../../daemon/credentials/x509/certificate.ts';
import { issue, testKey, testVerifier } from '../../../support/test-pki.ts';

const ca = issue({ subject: 'ca', ca: true });
const moon = issue({ subject: 'moon', issuer: ca }).certificate;

function counting(capacity: number, right: boolean = true) {
  let checks = 0;
  const signatures = new VerifiedSignatures(
    {
      publicKey: () => undefined,
      verify: () => {
        checks++;
        return Promise.resolve(right);
      },
    },
    capacity,
  );
  return { signatures, checks: () => checks };
}

describe('verified signatures', () => {
  test('are checked by the key of the issuer', async () => {
    const signatures = new VerifiedSignatures(testVerifier, 10);
    const forged = issue({ subject: 'moon', issuer: ca, forgedBy: testKey() }).certificate;
    expect(await signatures.verify(ca.certificate, moon)).toBe(true);
    expect(await signatures.verify(ca.certificate, forged)).toBe(false);
    expect(await signatures.verify(moon, moon)).toBe(false);
  });

  test('are checked once, also for those who ask at the same time', async () => {
    const { signatures, checks } = counting(10);
    await Promise.all([1, 2, 3].map(() => signatures.verify(ca.certificate, moon)));
    expect(await signatures.verify(ca.certificate, moon)).toBe(true);
    expect(checks()).toBe(1);
    signatures.clear();
    await signatures.verify(ca.certificate, moon);
    expect(checks()).toBe(2);
  });

  test('are checked each time if nothing is to be remembered, and if they are wrong', async () => {
    for (const { signatures, checks } of [counting(0), counting(10, false)]) {
      await signatures.verify(ca.certificate, moon);
      await signatures.verify(ca.certificate, moon);
      expect(checks()).toBe(2);
      expect(signatures.size).toBe(0);
    }
  });

  test('of one key say nothing of another key or certificate', async () => {
    const { signatures } = counting(10);
    await signatures.verify(ca.certificate, moon);
    const other = issue({ subject: 'ca', ca: true }).certificate;
    expect(signatures.knows(other, moon)).toBe(false);
    expect(signatures.knows(ca.certificate, { ...moon, fingerprint: 'other' })).toBe(false);
    expect(signatures.knows(ca.certificate, moon)).toBe(true);
  });

  test('SEC-52: stay bounded under 200000 variants of a certificate, and keep what is used', async () => {
    const { signatures } = counting(100);
    await signatures.verify(ca.certificate, moon);
    for (let i = 0; i < 200_000; i++) {
      const variant: SignedObject = { ...moon, fingerprint: `variant ${i}` };
      await signatures.verify(ca.certificate, variant);
      if (i % 50 === 0) expect(signatures.knows(ca.certificate, moon)).toBe(true);
    }
    expect(signatures.size).toBe(100);
  });
});
