import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPkcs12 } from '../../../daemon/keyd/formats/pkcs12.ts';
import { bmpPassphrase, derivePkcs12, Pkcs12Use } from '../../../daemon/keyd/formats/pkcs12-kdf.ts';
import { readPrivateKey } from '../../../daemon/keyd/formats/private-key.ts';
import { KeyError } from '../../../daemon/keyd/key-error.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { fromHex, toHex } from '../../../daemon/util/hex.ts';
import { mutate, seeded } from '../../support/mutate.ts';

const PASSPHRASE = 'pass wörd';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pkcs12-'));
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '10',
    '-subj',
    '/CN=moon',
  );
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ed25519',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '10',
    '-subj',
    '/CN=CA',
  );
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

function container(name: string, passphrase: string, ...options: readonly string[]): Uint8Array {
  openssl(
    'pkcs12',
    '-export',
    '-inkey',
    'key.pem',
    '-in',
    'cert.pem',
    '-certfile',
    'ca.pem',
    '-passout',
    `pass:${passphrase}`,
    '-out',
    name,
    ...options,
  );
  return new Uint8Array(readFileSync(join(folder, name)));
}

async function refusal(data: Uint8Array, passphrase: string): Promise<string> {
  try {
    await openPkcs12(data, utf8(passphrase));
    return 'opened';
  } catch (error) {
    if (error instanceof KeyError) return error.message;
    throw error;
  }
}

const legacy = ['-certpbe', 'PBE-SHA1-3DES', '-keypbe', 'PBE-SHA1-3DES', '-macalg', 'sha1'];

describe('a container made by OpenSSL', () => {
  test.each<[what: string, passphrase: string, options: readonly string[]]>([
    ['as it is today: PBES2 with AES, MAC by SHA-256', PASSPHRASE, []],
    ['by SHA-1 and 3DES', PASSPHRASE, legacy],
    ['with certificates in the clear', PASSPHRASE, ['-certpbe', 'NONE']],
    ['with the key in the clear', PASSPHRASE, ['-keypbe', 'NONE']],
    ['with a MAC by SHA-512', PASSPHRASE, ['-macalg', 'sha512']],
    ['by RC2 of 40 bits, as it was until OpenSSL 3', PASSPHRASE, ['-legacy']],
    ['by RC2 of 128 bits', PASSPHRASE, ['-legacy', '-certpbe', 'PBE-SHA1-RC2-128']],
    ['with one round', PASSPHRASE, ['-noiter', '-nomaciter', ...legacy]],
    ['without passphrase', '', []],
    ['without passphrase, by 3DES', '', legacy],
  ])('%s', async (_what, passphrase, options) => {
    const contents = await openPkcs12(container('a.p12', passphrase, ...options), utf8(passphrase));
    const names = contents.certificates.map((der) => new X509Certificate(der).subject);
    expect(names.sort()).toEqual(['CN=CA', 'CN=moon']);
    expect(contents.keys).toHaveLength(1);
    const [key = new Uint8Array()] = contents.keys;
    const expected = await readPrivateKey(
      new Uint8Array(readFileSync(join(folder, 'key.pem'))),
      undefined,
    );
    expect((await readPrivateKey(key, undefined)).der).toEqual(expected.der);
  });

  test('is refused with a wrong passphrase, before anything is decrypted', async () => {
    const data = container('b.p12', PASSPHRASE);
    expect(await refusal(data, 'pass word')).toMatch(/MAC does not fit/);
    expect(await refusal(data, '')).toMatch(/MAC does not fit/);
  });

  test('is refused if any octet of its contents was changed', async () => {
    const data = container('c.p12', PASSPHRASE, '-noiter', '-nomaciter');
    for (const at of [60, 200, data.length - 120]) {
      const changed = data.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await refusal(changed, PASSPHRASE)).not.toBe('opened');
    }
  });

  test.each<[what: string, options: readonly string[], text: RegExp]>([
    ['without MAC', ['-nomac'], /without MAC/],
    ['encrypted by RC4', ['-legacy', '-certpbe', 'PBE-SHA1-RC4-128'], /RC4, expected PBES2/],
  ])('is refused %s', async (_what, options, text) => {
    expect(await refusal(container('d.p12', PASSPHRASE, ...options), PASSPHRASE)).toMatch(text);
  });

  test('is refused with more rounds than anybody needs', async () => {
    const data = container('e.p12', PASSPHRASE, '-nomaciter');
    // The last INTEGER, 1 by default and left out, is put there: 00 ff ff ff ff.
    const mac = data.subarray(0);
    const grown = withRounds(mac);
    expect(await refusal(grown, PASSPHRASE)).toMatch(/4294967295 rounds, expected 1 to/);
  });

  test('is a value or a KeyError, whatever is changed in it', { timeout: 60_000 }, async () => {
    const data = container('f.p12', PASSPHRASE, '-noiter', '-nomaciter', ...legacy);
    const below = seeded(12);
    let refused = 0;
    for (let i = 0; i < 1_000; i++) {
      if ((await refusal(mutate(data, below), PASSPHRASE)) !== 'opened') refused++;
    }
    expect(refused).toBeGreaterThan(900);
  });
});

test('what is no container is named', async () => {
  expect(await refusal(new Uint8Array(), PASSPHRASE)).toMatch(/malformed/);
  expect(await refusal(new Uint8Array((1 << 20) + 1), PASSPHRASE)).toMatch(/1048577 octets/);
  expect(await refusal(fromHex('3003020103') ?? new Uint8Array(), PASSPHRASE)).toMatch(
    /without MAC/,
  );
});

describe('the key derivation of RFC 7292', () => {
  // Known answers that implementations share: passphrase "smeg" and "queeg", SHA-1.
  test.each([
    [
      'smeg',
      Pkcs12Use.KEY,
      '0a58cf64530d823f',
      1,
      24,
      '8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3',
    ],
    ['smeg', Pkcs12Use.IV, '0a58cf64530d823f', 1, 8, '79993dfe048d3b76'],
    ['smeg', Pkcs12Use.MAC, '3d83c0e4546ac140', 1, 20, '8d967d88f6caa9d714800ab3d48051d63f73a312'],
    [
      'queeg',
      Pkcs12Use.KEY,
      '05dec959acff72f7',
      1000,
      24,
      'ed2034e36328830ff09df1e1a07dd357185dac0d4f9eb3d4',
    ],
    ['queeg', Pkcs12Use.IV, '05dec959acff72f7', 1000, 8, '11dedad7758d4860'],
    [
      'queeg',
      Pkcs12Use.MAC,
      '263216fcc2fab31c',
      1000,
      20,
      '5ec4c7a80df652294c3925b6489a7ab857c83476',
    ],
  ] as const)('%s, use %i', async (text, use, salt, rounds, octets, expected) => {
    const derived = await derivePkcs12({
      hash: 'sha1',
      use,
      passphrase: bmpPassphrase(utf8(text)) ?? new Uint8Array(),
      salt: fromHex(salt) ?? new Uint8Array(),
      rounds,
      octets,
    });
    expect(toHex(derived)).toBe(expected);
  });

  test('writes a passphrase as UTF-16 with a zero behind, and refuses what is not UTF-8', () => {
    expect(toHex(bmpPassphrase(utf8('Bé')) ?? new Uint8Array())).toBe('004200e90000');
    expect(bmpPassphrase(Uint8Array.of(0xff))).toBeUndefined();
  });
});

/** The container with a count of rounds behind the salt of its MAC, the outer lengths fitting. */
function withRounds(data: Uint8Array): Uint8Array {
  const rounds = Uint8Array.of(0x02, 0x05, 0, 0xff, 0xff, 0xff, 0xff);
  // 30 82 LL LL outer; MacData is the last element, 30 LL.
  const macAt = data.lastIndexOf(0x30, data.length - 60);
  const grown = new Uint8Array(data.length + rounds.length);
  grown.set(data);
  grown.set(rounds, data.length);
  const outer = ((data[2] ?? 0) << 8) + (data[3] ?? 0) + rounds.length;
  grown[2] = outer >> 8;
  grown[3] = outer & 0xff;
  for (let at = macAt; at > data.length - 80; at--) {
    if (data[at] === 0x30 && at + 2 + (data[at + 1] ?? 0) === data.length)
      grown[at + 1] = (data[at + 1] ?? 0) + rounds.length;
  }
  return grown;
}
