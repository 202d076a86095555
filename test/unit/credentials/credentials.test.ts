import { describe, expect, test } from 'vitest';
import { parseIdentity } from '../../../daemon/proto/identity-text.ts';
import {
  caDer,
  certificateOf,
  leafDer,
  newSpki,
  pemOf,
  testCredentials,
} from '../../support/test-certificates.ts';

const id = (text: string) => parseIdentity(text, { allowRegex: false, path: 'id' });

describe('the credentials of connections', () => {
  test('are listed as long as the connection is there, and prove nobody to others', () => {
    const credentials = testCredentials();
    const [ca, leaf, spki] = [caDer('root'), leafDer('sun'), newSpki()];
    credentials.setConnection('gw', [
      { type: 'X509', der: ca, trusted: true },
      { type: 'X509', der: leaf, trusted: false },
      { type: 'PUBKEY', der: spki, trusted: false, subject: id('sun') },
    ]);
    credentials.setConnection('other', [{ type: 'X509', der: ca, trusted: true }]);
    expect(
      [...credentials.list({})].map(({ type, flag, subject }) => [type, flag, subject]),
    ).toEqual([
      ['PUBKEY', undefined, id('sun')],
      ['X509', 'NONE', undefined],
      ['X509', 'CA', undefined],
    ]);
    const source = credentials.snapshot();
    expect(source.publicKeys(id('sun'))).toEqual([]);
    expect(source.byIdentity(id('sun'))).toMatchObject([{ trusted: false }]);
    expect(credentials.store.snapshot().trustedCas()).toHaveLength(1);
    credentials.clear();
    expect([...credentials.list({})]).toHaveLength(3);
    credentials.setConnection('gw', []);
    expect([...credentials.list({})]).toMatchObject([{ flag: 'CA' }]);
    credentials.setConnection('other', []);
    expect([...credentials.list({})]).toEqual([]);
  });

  test('are read when it is loaded: the first of a chain, what follows it, or what is wrong', () => {
    const credentials = testCredentials();
    const [leaf, ca] = [leafDer('moon'), caDer('root')];
    expect(credentials.certificate(pemOf('CERTIFICATE', leaf, ca))).toEqual({
      ok: true,
      value: { der: leaf, subject: { type: 9, data: certificateOf(leaf).subject }, chain: [ca] },
    });
    const spki = newSpki();
    expect(credentials.publicKey(pemOf('PUBLIC KEY', spki))).toEqual({ ok: true, value: spki });
    expect(credentials.certificate(spki)).toEqual({
      ok: false,
      reason: 'found a public key, expected a certificate',
    });
    expect(credentials.publicKey(leaf)).toEqual({
      ok: false,
      reason: 'found a certificate, expected a public key',
    });
    expect([...credentials.list({})]).toEqual([]);
  });

  test('a raw key that an operator loads is believed by its id', () => {
    const credentials = testCredentials();
    const spki = newSpki();
    expect(credentials.load('PUBKEY', 'NONE', spki).ok).toBe(true);
    const [view] = credentials.list({});
    expect(view).toMatchObject({ type: 'PUBKEY', data: spki });
    const { keyId = '' } = certificateOf(leafDer('x', { spki })).publicKey ?? {};
    expect(credentials.snapshot().publicKeys(id(`@#${keyId}`))).toHaveLength(1);
    expect(credentials.snapshot().publicKeys(id('moon'))).toEqual([]);
  });
});

test('fetched certificates help to build paths, and an authority that goes takes them along', () => {
  const credentials = testCredentials();
  const middle = certificateOf(caDer('middle'));
  const snapshot = credentials.snapshot();
  credentials.cache.add({ type: 'X509', flag: 'CA', value: middle });
  expect(snapshot.bySubject(middle.subjectKey)).toEqual([
    { certificate: middle, flag: 'CA', trusted: false },
  ]);
  expect(snapshot.certificate(middle.fingerprint)?.trusted).toBe(false);
  const authority = { name: 'a', cacert: caDer('root'), crlUris: [], ocspUris: [] };
  expect(credentials.loadAuthorities([authority]).ok).toBe(true);
  expect(credentials.unloadAuthority('a')).toBe(true);
  expect(snapshot.bySubject(middle.subjectKey)).toEqual([]);
});

test('caches of others are listed and flushed with ours', () => {
  const credentials = testCredentials();
  const flushed: (string | undefined)[] = [];
  credentials.addCache({
    list: () => [{ type: 'X509', flag: 'CA', value: certificateOf(caDer('far')) }],
    flush: (type) => void flushed.push(type),
  });
  expect([...credentials.list({})]).toHaveLength(1);
  credentials.flush('X509_CRL');
  credentials.clear();
  expect(flushed).toEqual(['X509_CRL', undefined]);
});
