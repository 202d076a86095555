import { describe, expect, test } from 'vitest';
import type { CertificateFlag } from '../../../daemon/contracts/credentials.ts';
import { CertificateStore } from '../../../daemon/credentials/certificate-store.ts';
import type { LoadedCredential } from '../../../daemon/credentials/stored.ts';
import type { Crl } from '../../../daemon/credentials/x509/certificate.ts';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import { caDer, certificateOf, leafDer, newSpki } from '../../support/test-certificates.ts';

function loaded(der: Uint8Array, trusted = true, flag: CertificateFlag = 'CA'): LoadedCredential {
  return { credential: { type: 'X509', flag, value: certificateOf(der) }, trusted };
}

let crls = 0;

function crl(number: number, parts: Partial<Crl> = {}): LoadedCredential & { readonly value: Crl } {
  const value: Crl = {
    kind: 'crl',
    der: new Uint8Array(),
    fingerprint: `crl ${crls++}`,
    tbs: new Uint8Array(),
    scheme: undefined,
    signature: new Uint8Array(),
    issuer: new Uint8Array(),
    issuerKey: 'ca',
    thisUpdate: number * 1000,
    crlNumber: BigInt(number),
    freshestCrl: [],
    unknownCritical: [],
    find: () => undefined,
    size: 0,
    ...parts,
  };
  return { credential: { type: 'X509_CRL', value }, trusted: true, value };
}

describe('the store of certificates', () => {
  test('finds one by subject, key, identity and fingerprint', () => {
    const store = new CertificateStore();
    const spki = newSpki();
    const moon = loaded(leafDer('moon.example.org', { spki }), true, 'NONE');
    const root = loaded(caDer('root'));
    store.load('vici', [moon, root]);
    const index = store.snapshot();
    const { value } = moon.credential as Extract<LoadedCredential['credential'], { type: 'X509' }>;
    const found = { certificate: value, flag: 'NONE', trusted: true };
    expect(index.bySubject(value.subjectKey)).toEqual([found]);
    expect(index.byKeyId(value.publicKey?.keyId ?? '')).toEqual([found]);
    expect(index.certificate(value.fingerprint)).toEqual(found);
    for (const text of ['moon.example.org', 'MOON.example.ORG', 'CN=moon.example.org']) {
      const id = parseIdentity(text, { allowRegex: false, path: 'id' });
      expect(index.byIdentity(id)).toEqual([found]);
    }
    const other = parseIdentity('CN=root', { allowRegex: false, path: 'id' });
    expect(index.byIdentity(other)).toMatchObject([{ flag: 'CA' }]);
    expect(index.trustedCas()).toHaveLength(1);
    expect(index.bySubject('nobody')).toEqual([]);
  });

  test('keeps what several brought until the last lets go, believing the most trusting of them', () => {
    const store = new CertificateStore();
    const root = caDer('root');
    const { fingerprint } = certificateOf(root);
    const state = () => store.snapshot().certificate(fingerprint)?.trusted;
    store.load('connection:gw', [loaded(root, false)]);
    expect([state(), store.snapshot().trustedCas().length]).toEqual([false, 0]);
    store.load('vici', [loaded(root)]);
    expect([state(), store.snapshot().trustedCas().length]).toEqual([true, 1]);
    store.load('vici', [loaded(root, false)]);
    expect(state()).toBe(true);
    store.clear('vici');
    expect([state(), store.snapshot().trustedCas().length]).toEqual([false, 0]);
    store.clear('connection:gw');
    expect([state(), store.snapshot().size]).toEqual([undefined, 0]);
  });

  test('remembers what a certificate is for, if one of many says it', () => {
    const store = new CertificateStore();
    const leaf = leafDer('ocsp');
    const { fingerprint } = certificateOf(leaf);
    store.load('file:a', [loaded(leaf, true, 'NONE')]);
    store.load('vici', [loaded(leaf, true, 'OCSP')]);
    expect(store.snapshot().certificate(fingerprint)?.flag).toBe('OCSP');
    store.clear('vici');
    expect(store.snapshot().certificate(fingerprint)?.flag).toBe('NONE');
  });

  test('replaces all that an origin brought in one step, also what it believes', () => {
    const store = new CertificateStore();
    const [a, b] = [caDer('a'), caDer('b')];
    store.replace('file:x', [loaded(a), loaded(b)]);
    const before = store.snapshot();
    store.replace('file:x', [loaded(b, false)]);
    expect(before.list().map(({ trusted }) => trusted)).toEqual([true, true]);
    expect(store.snapshot().list()).toMatchObject([{ trusted: false }]);
    expect(store.of('file:x')).toHaveLength(1);
    store.replace('file:x', []);
    expect(store.snapshot().size).toBe(0);
  });

  test('replaces a CRL by a newer one of its scope, whoever brought it, and never by an older one', () => {
    const store = new CertificateStore();
    const numbers = () =>
      store
        .snapshot()
        .crlsOf('ca')
        .map(({ crlNumber }) => crlNumber);
    expect(store.load('vici', [crl(5)])).toEqual([]);
    const older = crl(4);
    expect(store.load('file:x', [older])).toEqual([older.credential]);
    expect(numbers()).toEqual([5n]);
    expect(store.load('file:x', [crl(6)])).toEqual([]);
    expect(numbers()).toEqual([6n]);
    expect(store.of('vici')).toEqual([]);
    // Others speak about something else: a delta, another key of the same name, part of the certificates.
    store.load('vici', [
      crl(1, { baseCrlNumber: 1n }),
      crl(1, { authorityKeyId: { keyId: Uint8Array.of(1), issuers: [] } }),
      crl(1, {
        issuingDistributionPoint: {
          point: { uris: ['http://a'], names: [], crlIssuers: [] },
          onlyUserCerts: true,
          onlyCaCerts: false,
          onlyAttributeCerts: false,
          indirect: false,
        },
      }),
    ]);
    expect(numbers()).toEqual([6n, 1n, 1n, 1n]);
    store.clear('vici');
    store.clear('file:x');
    expect(numbers()).toEqual([]);
  });

  test('has 10 000 certificates without looking at each', () => {
    const store = new CertificateStore();
    const value = certificateOf(leafDer('x'));
    const start = performance.now();
    for (let i = 0; i < 10_000; i++) {
      const own = { ...value, fingerprint: String(i), subjectKey: `s${i}`, identities: [] };
      const credential = { type: 'X509', flag: 'NONE', value: own } as const;
      store.load(`connection:${i}`, [{ credential, trusted: false }]);
      if (i % 100 === 0) expect(store.snapshot().bySubject(`s${i}`)).toHaveLength(1);
    }
    expect(store.snapshot().size).toBe(10_000);
    // Each change copies a 128th part; copying all of it would take many times as long.
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});
