import { describe, expect, test } from 'vitest';
import { CredentialCache } from '../../../daemon/credentials/credential-cache.ts';
import type { Credential } from '../../../daemon/credentials/stored.ts';
import { nameOf } from '../../support/build-x509.ts';
import { caDer, certificateOf } from '../../support/test-certificates.ts';

const cached = (name: string): Extract<Credential, { type: 'X509' }> => ({
  type: 'X509',
  flag: 'CA',
  value: certificateOf(caDer(name)),
});

describe('the cache of what came from elsewhere', () => {
  test('SEC-52 does not grow with variants of one certificate, in number or octets', () => {
    const cache = new CredentialCache({ entries: 100, octets: 1_000_000 });
    const { value } = cached('one');
    for (let i = 0; i < 20_000; i++) {
      cache.add({ type: 'X509', flag: 'CA', value: { ...value, fingerprint: String(i) } });
      expect(cache.size).toBeLessThanOrEqual(100);
    }
    expect(cache.bySubject(value.subjectKey)).toHaveLength(100);
    const small = new CredentialCache({ entries: 100, octets: 3 * value.der.length });
    for (let i = 0; i < 1000; i++)
      small.add({ type: 'X509', flag: 'CA', value: { ...value, fingerprint: String(i) } });
    expect([small.size, small.octets]).toEqual([3, 3 * value.der.length]);
    small.flush();
    expect([small.size, small.octets, small.bySubject(value.subjectKey)]).toEqual([0, 0, []]);
  });

  test('lets go of what was not used for longest', () => {
    const cache = new CredentialCache({ entries: 2, octets: 1_000_000 });
    const [a, b, c] = ['a', 'b', 'c'].map(cached);
    if (!a || !b || !c) throw new Error('three');
    cache.add(a);
    cache.add(b);
    expect(cache.certificate(a.value.fingerprint)).toBe(a.value);
    cache.add(c);
    expect(cache.list()).toEqual([a, c]);
    cache.add(a);
    cache.add(b);
    expect(cache.list()).toEqual([a, b]);
  });

  test('keeps nothing that alone is larger than all may be', () => {
    const cache = new CredentialCache({ entries: 10, octets: 1000 });
    const value = certificateOf(caDer('big', { issuer: nameOf('x'.repeat(2000)) }));
    cache.add({ type: 'X509', flag: 'CA', value });
    expect(cache.size).toBe(0);
  });

  test('is flushed by type', () => {
    const cache = new CredentialCache();
    cache.add(cached('a'));
    cache.flush('X509_CRL');
    expect(cache.size).toBe(1);
    cache.flush('X509');
    expect(cache.size).toBe(0);
  });
});
