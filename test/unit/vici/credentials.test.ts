import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { list, section, type Tree, value } from '../../../daemon/config/tree.ts';
import { printDn } from '../../../daemon/proto/distinguished-name.ts';
import { nameOf } from '../../support/build-x509.ts';
import {
  caDer,
  certificateOf,
  leafDer,
  newKey,
  newSpki,
  pemOf,
} from '../../support/test-certificates.ts';
import { ask, type Plain, type RawClient, stream, ViciBench } from '../../support/vici.ts';

const YES: Plain = [['success', 'yes']];
const CERTIFICATE = 'CERTIFICATE';

/** A point of secp256k1. */
const UNKNOWN_CURVE = Uint8Array.from(
  generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({
    type: 'spki',
    format: 'der',
  }),
);

async function loadCert(
  client: RawClient,
  type: string | undefined,
  data: Uint8Array | undefined,
  flag?: string,
): Promise<string> {
  const answer = await ask(client, 'load-cert', [
    ...(type === undefined ? [] : [value('type', type)]),
    ...(flag === undefined ? [] : [value('flag', flag)]),
    ...(data === undefined ? [] : [value('data', data)]),
  ]);
  const [success, errmsg] = answer;
  if (success?.[1] === 'yes') return 'yes';
  return String(errmsg?.[1]);
}

/** Type, flag and subject or key of what is listed. */
async function listed(bench: ViciBench, client: RawClient, tree: Tree = []): Promise<string[]> {
  const shown = new Map(
    bench.credentials.store
      .snapshot()
      .list()
      .map(({ credential }) => [decoded(credential.value.der), credential]),
  );
  return (await stream(client, 'list-certs', 'list-cert', tree)).map((event) => {
    const fields = new Map(event);
    const credential = shown.get(String(fields.get('data')));
    const name = credential?.type === 'X509' ? printDn(credential.value.subject)?.slice(3) : '';
    return [fields.get('type'), fields.get('flag'), fields.get('has_privkey') && 'key', name]
      .filter((part) => part !== undefined && part !== '')
      .join(' ');
  });
}

const decoded = (octets: Uint8Array): string => new TextDecoder().decode(octets);

describe('load-cert', () => {
  test('takes PEM and DER of every type and flag, in any case, and the names of old clients', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const root = caDer('root');
    expect(await loadCert(client, 'X509', pemOf(CERTIFICATE, root), 'CA')).toBe('yes');
    expect(bench.log.lines).toContain("loaded certificate 'CN=root'");
    expect(await loadCert(client, 'x509', leafDer('moon'))).toBe('yes');
    expect(await loadCert(client, 'X509', leafDer('auth'), 'aa')).toBe('yes');
    expect(await loadCert(client, 'x509ocsp', leafDer('ocsp'))).toBe('yes');
    // One that says CA is stored as CA whatever it is loaded as.
    expect(await loadCert(client, 'X509', caDer('more'), 'NONE')).toBe('yes');
    expect(await loadCert(client, 'pubkey', pemOf('PUBLIC KEY', newSpki()))).toBe('yes');
    expect(await listed(bench, client)).toEqual([
      'PUBKEY',
      'X509 NONE moon',
      'X509 CA more',
      'X509 CA root',
      'X509 AA auth',
      'X509 OCSP ocsp',
    ]);
    expect(bench.credentials.snapshot().bySubject(certificateOf(root).subjectKey)).toMatchObject([
      { flag: 'CA', trusted: true },
    ]);
  });

  test('says what is missing or unknown', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await loadCert(client, undefined, caDer('x'))).toMatch(/^certificate type missing/);
    expect(await loadCert(client, 'X510', caDer('x'))).toMatch(/^invalid certificate type 'X510'/);
    expect(await loadCert(client, 'ANY', caDer('x'))).toMatch(/^invalid certificate type 'ANY'/);
    expect(await loadCert(client, 'X509', caDer('x'), 'BIG')).toMatch(
      /^invalid certificate flag 'BIG'/,
    );
    expect(await loadCert(client, 'X509', undefined)).toBe('certificate data missing');
    expect(await loadCert(client, 'X509', new Uint8Array())).toBe('certificate data missing');
    expect(await loadCert(client, 'PGP', caDer('x'))).toMatch(/^parsing PGP certificate failed/);
    expect(await listed(bench, client)).toEqual([]);
  });

  test.each([
    ['garbage', 'X509', new TextEncoder().encode('hello'), /found 5 octets that are neither/],
    ['all zero', 'X509', new Uint8Array(60_000), /found 60000 octets that are neither/],
    [
      'truncated DER',
      'X509',
      caDer('x').subarray(0, 100),
      /found truncated DER: 100 octets of \d+/,
    ],
    ['DER and more', 'X509', Uint8Array.of(...caDer('x'), 0), /with 1 after its end/],
    [
      'PEM without an end',
      'X509',
      pemOf(CERTIFICATE, caDer('x')).subarray(0, 200),
      /PEM block 1 \('CERTIFICATE'\) begins and does not end, expected a certificate/,
    ],
    [
      'a private key',
      'X509',
      pemOf('PRIVATE KEY', newSpki()),
      /found a private key \(PEM block 'PRIVATE KEY'\), expected a certificate/,
    ],
    ['a public key', 'X509', newSpki(), /found a public key, expected a certificate/],
    ['a certificate', 'PUBKEY', leafDer('x'), /found a certificate, expected a public key/],
    [
      'a bad second block',
      'X509',
      pemOf(CERTIFICATE, caDer('x'), Uint8Array.of(1, 2, 3)),
      /block 2: found 3 octets/,
    ],
    [
      'a key of an unknown curve',
      'X509',
      leafDer('x', { spki: UNKNOWN_CURVE }),
      /its public key is of a kind, curve or size that is not supported, expected RSA of 1024 to 16384/,
    ],
    [
      'a public key of an unknown curve',
      'PUBKEY',
      UNKNOWN_CURVE,
      /kind, curve or size that is not supported, expected RSA .*P-256.*brainpool.*Ed448 or ML-DSA/,
    ],
    [
      'something encrypted',
      'X509',
      new TextEncoder().encode(
        '-----BEGIN X-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END X-----\n',
      ),
      /PEM block 1 \('X'\) is encrypted, expected a certificate/,
    ],
    [
      'an encrypted private key',
      'X509',
      pemOf('ENCRYPTED PRIVATE KEY', newSpki()),
      /found an encrypted private key/,
    ],
    ['a CRL that is none', 'X509_CRL', leafDer('x'), /found a certificate, expected a CRL/],
  ])(
    'refuses %s, says what was found, and keeps what was there',
    async (_what, type, data, text) => {
      await using bench = await ViciBench.start();
      using client = await bench.raw();
      expect(await loadCert(client, 'X509', caDer('root'), 'CA')).toBe('yes');
      const errmsg = await loadCert(client, type, data);
      expect(errmsg).toMatch(new RegExp(`^parsing ${type} certificate failed: `));
      expect(errmsg).toMatch(text);
      expect(await listed(bench, client)).toEqual(['X509 CA root']);
    },
  );

  test('refuses as CA what is none', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    expect(await loadCert(client, 'X509', leafDer('moon'), 'CA')).toMatch(
      /^ca certificate lacks CA basic constraint, rejected: /,
    );
    expect(await loadCert(client, 'x509ca', leafDer('moon'))).toMatch(/^ca certificate lacks/);
    expect(await listed(bench, client)).toEqual([]);
  });

  test('takes every block of a chain, and believes only the first', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const middle = caDer('middle', { issuer: nameOf('root') });
    const chain = pemOf(CERTIFICATE, leafDer('moon'), middle, caDer('root'));
    expect(await loadCert(client, 'X509', chain)).toBe('yes');
    expect(await listed(bench, client)).toEqual([
      'X509 NONE moon',
      'X509 CA root',
      'X509 CA middle',
    ]);
    const snapshot = bench.credentials.snapshot();
    const found = snapshot.bySubject(certificateOf(middle).subjectKey);
    expect(found).toMatchObject([{ flag: 'CA', trusted: false }]);
    // Loading it as a CA makes it one to trust, and the chain does not undo that.
    expect(await loadCert(client, 'X509', middle, 'CA')).toBe('yes');
    expect(await loadCert(client, 'X509', chain)).toBe('yes');
    const now = bench.credentials.snapshot();
    expect(now.bySubject(certificateOf(middle).subjectKey)).toMatchObject([{ trusted: true }]);
    // What somebody works with does not change under its hands.
    expect(snapshot.bySubject(certificateOf(middle).subjectKey)).toMatchObject([
      { trusted: false },
    ]);
  });
});

describe('list-certs', () => {
  test('filters by type, flag and subject; what does not exist matches nothing', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const key = newKey();
    const moon = leafDer('moon', { spki: key.spki });
    for (const [type, data] of [
      ['x509ca', caDer('root')],
      ['x509', moon],
      ['x509', leafDer('star')],
      ['pubkey', newSpki()],
    ] as const) {
      expect(await loadCert(client, type, data)).toBe('yes');
    }
    expect(await bench.privateKeys.load({ data: key.pkcs8, origin: 'vici' })).toMatchObject({
      ok: true,
    });
    const some = (...tree: Tree): Promise<string[]> => listed(bench, client, tree);
    expect(await some(value('type', 'x509'))).toEqual([
      'X509 NONE star',
      'X509 NONE key moon',
      'X509 CA root',
    ]);
    expect(await some(value('type', 'X509'), value('flag', 'none'))).toHaveLength(2);
    expect(await some(value('type', 'x509ca'))).toEqual(['X509 CA root']);
    expect(await some(value('type', 'X509'), value('flag', 'ca'))).toEqual(['X509 CA root']);
    expect(await some(value('flag', 'CA'))).toHaveLength(4);
    expect(await some(value('type', 'PubKey'))).toEqual(['PUBKEY']);
    expect(await some(value('type', 'nope'))).toEqual([]);
    expect(await some(value('type', 'PGP'))).toEqual([]);
    expect(await some(value('type', 'X509'), value('flag', 'nope'))).toEqual([]);
    expect(await some(value('flag', 'nope'))).toHaveLength(4);
    expect(await some(value('subject', 'CN=star'))).toEqual(['X509 NONE star']);
    expect(await some(value('subject', 'CN=*'))).toHaveLength(3);
    expect(await some(value('subject', 'moon'))).toEqual(['X509 NONE key moon']);
    const keyId = certificateOf(moon).publicKey?.keyId ?? '';
    expect(await some(value('subject', `@#${keyId}`))).toEqual(['X509 NONE key moon']);
  });
});

describe('flush-certs and clear-creds', () => {
  test('empty the cache, and what came over VICI but for authorities', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const { credentials } = bench;
    const fetched = caDer('far');
    credentials.cache.add({ type: 'X509', flag: 'CA', value: certificateOf(fetched) });
    expect(await loadCert(client, 'x509', leafDer('moon'))).toBe('yes');
    const auth = [section('a', [value('cacert', caDer('root'))])];
    expect(await ask(client, 'load-authority', auth)).toEqual(YES);
    expect(await ask(client, 'flush-certs', [value('type', 'X509_CRL')])).toEqual(YES);
    expect(credentials.cache.size).toBe(1);
    expect(await ask(client, 'flush-certs', [value('type', 'nope')])).toEqual([
      ['success', 'no'],
      ['errmsg', "invalid certificate type 'nope'"],
    ]);
    expect(await ask(client, 'flush-certs')).toEqual(YES);
    expect(credentials.cache.size).toBe(0);
    expect(await listed(bench, client)).toEqual(['X509 NONE moon', 'X509 CA root']);
    credentials.cache.add({ type: 'X509', flag: 'CA', value: certificateOf(fetched) });
    expect(await ask(client, 'clear-creds')).toEqual(YES);
    expect(credentials.cache.size).toBe(0);
    expect(await listed(bench, client)).toEqual(['X509 CA root']);
  });
});

describe('authorities', () => {
  const load = async (client: RawClient, ...sections: Tree): Promise<string> => {
    const answer = await ask(client, 'load-authority', sections);
    return String(answer.at(-1)?.[1]);
  };

  test('are loaded, listed, replaced and unloaded with their certificate', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const one = caDer('one');
    const first = section('lab', [
      value('cacert', pemOf(CERTIFICATE, one)),
      list('crl_uris', ['http://a/1.crl', 'ldap://b/x']),
      list('ocsp_uris', ['http://o/']),
      value('cert_uri_base', 'http://certs/'),
    ]);
    expect(await load(client, first, section('two', [value('cacert', caDer('two'))]))).toBe('yes');
    expect(await ask(client, 'get-authorities')).toEqual([['authorities', ['lab', 'two']]]);
    const events = await stream(client, 'list-authorities', 'list-authority');
    expect(events).toEqual([
      [
        [
          'lab',
          [
            ['cacert', 'CN=one'],
            ['crl_uris', ['http://a/1.crl', 'ldap://b/x']],
            ['ocsp_uris', ['http://o/']],
            ['cert_uri_base', 'http://certs/'],
          ],
        ],
      ],
      [
        [
          'two',
          [
            ['cacert', 'CN=two'],
            ['crl_uris', []],
            ['ocsp_uris', []],
          ],
        ],
      ],
    ]);
    const named = [value('name', 'two')];
    expect(await stream(client, 'list-authorities', 'list-authority', named)).toHaveLength(1);
    const source = bench.credentials.authoritySource;
    expect(source.urisOf(certificateOf(one))).toEqual({
      crlUris: ['http://a/1.crl', 'ldap://b/x'],
      ocspUris: ['http://o/'],
    });
    expect(source.certUriBasesOf(certificateOf(one))).toEqual(['http://certs/']);
    expect(await load(client, section('lab', [value('cacert', caDer('new'))]))).toBe('yes');
    expect(source.urisOf(certificateOf(one))).toEqual({ crlUris: [], ocspUris: [] });
    expect(await listed(bench, client)).toEqual(['X509 CA new', 'X509 CA two']);
    expect(await ask(client, 'unload-authority', [value('name', 'lab')])).toEqual(YES);
    expect(await listed(bench, client)).toEqual(['X509 CA two']);
    expect(await ask(client, 'unload-authority', [value('name', 'lab')])).toEqual([
      ['success', 'no'],
      ['errmsg', "unload: authority 'lab' not found"],
    ]);
    expect(await ask(client, 'unload-authority')).toEqual([
      ['success', 'no'],
      ['errmsg', 'unload: missing authority name'],
    ]);
  });

  test('that are wrong are refused as a whole, and the old ones stay', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    const good = value('cacert', caDer('good'));
    expect(await load(client, section('lab', [good]))).toBe('yes');
    for (const [entries, text] of [
      [[], /^CA certificate missing: lab$/],
      [[good, value('crl_urls', 'x')], /^unknown option: crl_urls, authority discarded: did you/],
      [[good, value('crl_uris', 'x')], /^unknown option: crl_uris, authority discarded: a list/],
      [[good, list('cert_uri_base', ['x'])], /^unknown option: cert_uri_base, .*a single value/],
      [
        [good, list('crl_uris', ['a b'])],
        /^invalid value for: crl_uris, authority discarded: 'a b'/,
      ],
      [[good, value('slot', 'x')], /^invalid value for: slot, authority discarded/],
      [
        [value('cacert', leafDer('moon'))],
        /^invalid value for: cacert, authority discarded: its ba/,
      ],
      [
        [value('cacert', 'rubbish')],
        /^invalid value for: cacert, authority discarded: found 7 oct/,
      ],
    ] as const) {
      const answer = load(client, section('new', [good]), section('lab', entries));
      expect(await answer).toMatch(text);
    }
    expect(await ask(client, 'get-authorities')).toEqual([['authorities', ['lab']]]);
    expect(await listed(bench, client)).toEqual(['X509 CA good']);
  });

  test('SEC-41 no path of a client is opened', async () => {
    await using bench = await ViciBench.start();
    using client = await bench.raw();
    for (const key of ['file', 'handle']) {
      expect(await load(client, section('lab', [value(key, '/etc/hostname')]))).toMatch(
        new RegExp(`^invalid value for: ${key}, authority discarded: .*cacert`),
      );
    }
    expect(await loadCert(client, 'X509', new TextEncoder().encode('/etc/ssl/cert.pem'))).toMatch(
      /neither PEM nor DER/,
    );
  });
});
