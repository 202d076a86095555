import { expect, test } from 'vitest';
import { HashAndUrl, hashAndUrlOf } from '../../../daemon/credentials/hash-and-url.ts';
import { decodeCertificate } from '../../../daemon/credentials/x509/decode-certificate.ts';
import { toHex } from '../../../daemon/util/hex.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { VirtualFetcher } from '../../sim/virtual-fetcher.ts';
import { buildCertificate } from '../../support/build-x509.ts';
import { decodeTools } from '../../support/decode-tools.ts';
import { MemoryLog } from '../../support/memory-log.ts';

const octets = buildCertificate();
const hash = decodeTools.hash('sha1', octets);
const URL_OF_IT = 'http://certs.example.org/moon.der';

function setUp(enabled = true) {
  const clock = new VirtualClock();
  const fetcher = new VirtualFetcher(clock);
  const log = new MemoryLog();
  const lookup = new HashAndUrl({
    clock,
    fetcher,
    logger: log,
    crypto: decodeTools,
    decode: (der) => decodeCertificate(der, decodeTools),
    enabled: () => enabled,
    timeout: () => 5000,
  });
  /** Lets time pass until the promise has settled. */
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    void promise.then(() => {
      isSettled = true;
    });
    for (let i = 0; i < 100; i++) await Promise.resolve();
    while (!isSettled && clock.step()) for (let i = 0; i < 20; i++) await Promise.resolve();
    return promise;
  };
  return { clock, fetcher, lookup, log, settled };
}

test('a certificate with the right hash is fetched once and kept', async () => {
  const { fetcher, lookup, log, settled } = setUp();
  fetcher.serve(URL_OF_IT, octets);
  const both = await settled(
    Promise.all([lookup.fetch(hash, URL_OF_IT), lookup.fetch(hash, URL_OF_IT)]),
  );
  expect(both).toEqual([
    { ok: true, certificate: expect.objectContaining({ kind: 'x509' }) },
    { ok: true, certificate: expect.objectContaining({ kind: 'x509' }) },
  ]);
  expect(await lookup.fetch(hash, 'http://elsewhere.example.org/')).toMatchObject({ ok: true });
  expect(fetcher.asked).toEqual([URL_OF_IT]);
  expect(log.lines).toContain('fetched certificate "CN=moon"');
});

test('nothing is fetched while it is disabled', async () => {
  const { fetcher, lookup } = setUp(false);
  expect(await lookup.fetch(hash, URL_OF_IT)).toMatchObject({ ok: false });
  expect(fetcher.asked).toEqual([]);
});

test.each([
  ['https://certs.example.org/moon.der'],
  ['ldap://certs.example.org/cn=moon'],
  ['file:///etc/shadow'],
  ['http://certs.example.org/a b'],
  ['http://certs.example.org/\r\nHost: x'],
  [`http://certs.example.org/${'x'.repeat(2000)}`],
  [''],
])('%j is not fetched', async (url) => {
  const { fetcher, lookup } = setUp();
  expect(await lookup.fetch(hash, url)).toMatchObject({ ok: false });
  expect(fetcher.asked).toEqual([]);
});

test('what has another hash, or is no certificate, does not count and is not asked for again at once', async () => {
  const { clock, fetcher, lookup, settled } = setUp();
  fetcher.serve(URL_OF_IT, buildCertificate({ signature: Uint8Array.of(9) }));
  expect(await settled(lookup.fetch(hash, URL_OF_IT))).toEqual({
    ok: false,
    reason: expect.stringContaining('does not have the hash'),
  });
  expect(await lookup.fetch(hash, URL_OF_IT)).toMatchObject({ ok: false });
  expect(fetcher.asked).toHaveLength(1);
  const garbage = Uint8Array.of(1, 2, 3);
  fetcher.serve('http://certs.example.org/garbage', garbage);
  const ofGarbage = decodeTools.hash('sha1', garbage);
  expect(await settled(lookup.fetch(ofGarbage, 'http://certs.example.org/garbage'))).toEqual({
    ok: false,
    reason: expect.stringContaining('no certificate'),
  });
  clock.skipTo(clock.now() + 31_000);
  fetcher.serve(URL_OF_IT, octets);
  expect(await settled(lookup.fetch(hash, URL_OF_IT))).toMatchObject({ ok: true });
});

test('a certificate of more than 64 KiB, and a hash that is no SHA-1', async () => {
  const { fetcher, lookup, settled } = setUp();
  fetcher.serve(URL_OF_IT, new Uint8Array(65_537));
  expect(await settled(lookup.fetch(hash, URL_OF_IT))).toEqual({
    ok: false,
    reason: expect.stringContaining('too long'),
  });
  expect(await lookup.fetch(hash.slice(1), URL_OF_IT)).toMatchObject({ ok: false });
});

test('peers that have proved nothing keep few fetches busy', async () => {
  const { fetcher, lookup, settled } = setUp();
  const all = Array.from({ length: 20 }, (_, i) => {
    const url = `http://certs.example.org/${i}`;
    fetcher.serve(url, 'never');
    return lookup.fetch(hash, url);
  });
  const reasons = (await settled(Promise.all(all))).map((one) => (one.ok ? '' : one.reason));
  expect(reasons.filter((reason) => reason.includes('too many'))).toHaveLength(16);
});

test('our own certificate is found below the base URL by its hash in hex', () => {
  const made = hashAndUrlOf({ der: octets }, 'http://certs.example.org/certs/', decodeTools);
  expect(made).toEqual({ hash, url: `http://certs.example.org/certs/${toHex(hash)}` });
});
