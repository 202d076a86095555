import { execFileSync } from 'node:child_process';
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { KeyKeeper } from '../../../daemon/keyd/keeper.ts';
import { derElement } from '../../../daemon/proto/der.ts';
import { decodeSpki } from '../../../daemon/proto/keys/spki.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { octetsOf } from '../../support/hex.ts';
import { largestRsa } from '../../support/largest-rsa.ts';
import { keyPair, pkcs8Of, spkiOf, type TestKeyKind } from '../../support/private-keys.ts';
import { sealGcm } from '../../support/seal-gcm.ts';

interface Attempt {
  readonly passphrase?: string;
  readonly kind?: 'rsa' | 'ecdsa';
}

/** The key id, or why the key was refused. */
async function load(data: Uint8Array, { passphrase, kind }: Attempt = {}): Promise<string> {
  const request = {
    data: data.slice(),
    origin: 'vici',
    kind,
    passphrase: passphrase === undefined ? undefined : utf8(passphrase),
  } as const;
  try {
    return (await new KeyKeeper().load(request)).keyId;
  } catch (error) {
    return (error as Error).message;
  } finally {
    expect(request.data.every((octet) => octet === 0)).toBe(true);
  }
}

function openssl(input: Uint8Array, ...args: readonly string[]): Uint8Array {
  return new Uint8Array(
    execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'ignore'] }),
  );
}

function idOf(key: KeyObject): string {
  const bits = decodeSpki(spkiOf(key))?.keyBits ?? new Uint8Array(0);
  return createHash('sha1').update(bits).digest('hex');
}

const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): Uint8Array =>
  utf8(key.export({ type, format: 'pem' }).toString());
const der = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8'): Uint8Array =>
  new Uint8Array(key.export({ type, format: 'der' }));

const rsa = keyPair('rsa2048');
const ec = keyPair('p256');
const ed = keyPair('ed25519');
const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';

describe('plain keys', () => {
  const kinds: readonly TestKeyKind[] = [
    ...(['rsa2048', 'p256', 'p384', 'p521', 'brainpoolP256r1', 'brainpoolP384r1'] as const),
    ...(['brainpoolP512r1', 'ed25519', 'ed448', 'ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const),
  ];
  test.each(kinds)('PKCS#8 of %s as DER and PEM', async (kind) => {
    const { privateKey, publicKey } = keyPair(kind);
    expect(await load(pkcs8Of(privateKey))).toBe(idOf(publicKey));
    expect(await load(pem(privateKey))).toBe(idOf(publicKey));
  });

  test('PKCS#1 and SEC1', async () => {
    expect(await load(der(rsa.privateKey, 'pkcs1'))).toBe(idOf(rsa.publicKey));
    expect(await load(pem(rsa.privateKey, 'pkcs1'))).toBe(idOf(rsa.publicKey));
    expect(await load(der(ec.privateKey, 'sec1'))).toBe(idOf(ec.publicKey));
    expect(await load(pem(ec.privateKey, 'sec1'))).toBe(idOf(ec.publicKey));
  });

  test('PEM among other things, with CRLF, text and blanks', async () => {
    const text = new TextDecoder().decode(pem(rsa.privateKey));
    expect(await load(utf8(`Bag Attributes\n  name: x\n${CERTIFICATE}${text}${CERTIFICATE}`))).toBe(
      idOf(rsa.publicKey),
    );
    expect(await load(utf8(text.replaceAll('\n', '  \r\n')))).toBe(idOf(rsa.publicKey));
    const parameters =
      '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const sec1 = new TextDecoder().decode(pem(ec.privateKey, 'sec1'));
    expect(await load(utf8(parameters + sec1))).toBe(idOf(ec.publicKey));
  });

  test('an EC key without its public key, and with a number without leading zeros', async () => {
    const withoutPoint = openssl(pem(ec.privateKey), 'ec', '-no_public', '-outform', 'DER');
    expect(await load(withoutPoint)).toBe(idOf(ec.publicKey));
    const short = derElement(
      0x30,
      octetsOf('020101'),
      derElement(4, Uint8Array.of(1)),
      derElement(0xa0, octetsOf('06082a8648ce3d030107')),
    );
    expect(await load(short)).toMatch(/^[0-9a-f]{40}$/);
  });

  test('RSA of 16384 bits in every format', async () => {
    const { privateKey, publicKey } = largestRsa();
    const sealed = openssl(
      pem(privateKey),
      ...['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-passout', 'pass:right'],
    );
    for (const octets of [
      pkcs8Of(privateKey),
      pem(privateKey),
      der(privateKey, 'pkcs1'),
      pem(privateKey, 'pkcs1'),
    ])
      expect(await load(octets)).toBe(idOf(publicKey));
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(publicKey));
  });

  test('13 000 octets that are no key are told apart from such a one', async () => {
    const octets = new Uint8Array(13_000).fill(0x41);
    const body = btoa(String.fromCharCode(...octets));
    const text = `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
    expect(await load(utf8(text))).toMatch(/^found 13000 octets that are neither/);
  });
});

describe('encrypted keys', () => {
  const ciphers = ['aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des3'];
  const prfs = [
    'hmacWithSHA1',
    'hmacWithSHA224',
    'hmacWithSHA256',
    'hmacWithSHA384',
    'hmacWithSHA512',
  ];
  const toPbes2 = (...args: readonly string[]): Uint8Array =>
    openssl(pem(rsa.privateKey), 'pkcs8', '-topk8', '-passout', 'pass:right', ...args);

  test.each(ciphers)('PBES2 with PBKDF2 and %s', async (cipher) => {
    const sealed = toPbes2('-v2', cipher);
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(rsa.publicKey));
    expect(await load(sealed, { passphrase: 'wrong' })).toBe(
      'found a key encrypted with a passphrase that does not fit, expected the one it was encrypted with',
    );
    expect(await load(sealed)).toMatch(/^found a key encrypted with a passphrase, expected/);
  });

  test.each(prfs)('PBKDF2 with %s', async (prf) => {
    const sealed = toPbes2('-v2', 'aes-256-cbc', '-v2prf', prf, '-outform', 'DER');
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(rsa.publicKey));
  });

  test('scrypt', async () => {
    const sealed = toPbes2('-scrypt');
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(rsa.publicKey));
    expect(await load(sealed, { passphrase: 'left' })).toMatch(/passphrase that does not fit/);
  });

  test('AES-GCM', async () => {
    const sealed = sealGcm(der(ec.privateKey), 'right');
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(ec.publicKey));
    expect(await load(sealed, { passphrase: 'wrong' })).toMatch(/passphrase that does not fit/);
    const flipped = sealed.slice();
    flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1;
    expect(await load(flipped, { passphrase: 'right' })).toMatch(/passphrase that does not fit/);
  });

  test.each(['aes128', 'aes192', 'aes256', 'des3'])('Proc-Type with %s', async (cipher) => {
    const args = ['rsa', '-traditional', `-${cipher}`, '-passout', 'pass:right'];
    const sealed = openssl(pem(rsa.privateKey), ...args);
    expect(new TextDecoder().decode(sealed)).toContain('Proc-Type: 4,ENCRYPTED');
    expect(await load(sealed, { passphrase: 'right' })).toBe(idOf(rsa.publicKey));
    expect(await load(sealed, { passphrase: 'wrong' })).toMatch(/passphrase that does not fit/);
    expect(await load(sealed)).toMatch(/^found a key encrypted with a passphrase, expected/);
  });

  test('what is refused', async () => {
    const pbes1 = openssl(
      pem(rsa.privateKey),
      ...['pkcs8', '-topk8', '-v1', 'PBE-SHA1-3DES', '-passout', 'pass:right'],
    );
    expect(await load(pbes1, { passphrase: 'right' })).toBe(
      'found a key encrypted by PBES1 with SHA-1 and 3DES, expected PBES2',
    );
    const camellia = toPbes2('-v2', 'camellia-128-cbc');
    expect(await load(camellia, { passphrase: 'right' })).toMatch(/expected AES$/);
    const text = new TextDecoder().decode(
      openssl(pem(rsa.privateKey), 'rsa', '-traditional', '-aes128', '-passout', 'pass:right'),
    );
    const named = (name: string): Promise<string> =>
      load(utf8(text.replace('AES-128-CBC', name)), { passphrase: 'right' });
    expect(await named('DES-CBC')).toMatch(/^found a key encrypted by 'DES-CBC', expected AES-128/);
    expect(await named('\u001b[31m')).toMatch(/^found a key encrypted by '\?\?31m'/);
  });

  test('work that is too much is refused before it is done', async () => {
    const began = performance.now();
    expect(
      await load(sealGcm(der(ec.privateKey), 'right', 2_000_000_000), { passphrase: 'right' }),
    ).toBe('found PBKDF2 with 2000000000 rounds, expected at most 10000000');
    expect(performance.now() - began).toBeLessThan(1000);
  });
});

/** The DER of a key with some octets replaced. */
function patched(data: Uint8Array, find: string, replace: string): Uint8Array {
  const text = Buffer.from(data).toString('hex');
  const at = text.indexOf(find);
  if (at < 0 || find.length !== replace.length) throw new Error('nothing to replace');
  return octetsOf(text.slice(0, at) + replace + text.slice(at + find.length));
}

describe('keys that are no good', () => {
  const dsa = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey;
  const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
  const weak = generateKeyPairSync('rsa', { modulusLength: 768 }).privateKey;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
  const x25519 = generateKeyPairSync('x25519').privateKey;
  const x448 = generateKeyPairSync('x448').privateKey;
  const e2 = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicExponent: 0x10001,
  }).privateKey;

  test.each<readonly [string, Uint8Array, RegExp]>([
    ['nothing', new Uint8Array(0), /^found nothing/],
    ['garbage', utf8('not a key at all'), /^found 16 octets that are neither PEM nor one DER/],
    ['too much', new Uint8Array(200_000).fill(0x30), /^found 200000 octets, expected at most/],
    ['a certificate', utf8(CERTIFICATE), /^found a certificate, expected a private key/],
    ['a public key', spkiOf(rsa.publicKey), /^found a public key, expected/],
    [
      'a public key as PEM',
      utf8(rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString()),
      /^found a public key/,
    ],
    [
      'two keys',
      Uint8Array.of(...pem(ec.privateKey), ...pem(ed.privateKey)),
      /^found 2 private keys, expected one/,
    ],
    [
      'OpenSSH',
      utf8('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'),
      /OpenSSH/,
    ],
    [
      'an unknown label',
      utf8('-----BEGIN \u0007X-----\nAAAA\n-----END \u0007X-----\n'),
      /^found PEM '\?X', expected/,
    ],
    ['an open block', utf8('-----BEGIN PRIVATE KEY-----\nMAA=\n'), /not closed/],
    [
      'another end',
      utf8('-----BEGIN PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n'),
      /not closed/,
    ],
    [
      'no base64',
      utf8('-----BEGIN PRIVATE KEY-----\nM*A=\n-----END PRIVATE KEY-----\n'),
      /not base64/,
    ],
    [
      'base64 with bits over',
      utf8('-----BEGIN PRIVATE KEY-----\nMAB=\n-----END PRIVATE KEY-----\n'),
      /not base64/,
    ],
    ['DSA', der(dsa), /^found a DSA key, which IKEv2 has no signature method for/],
    ['X25519', der(x25519), /^found an X25519 key, which IKEv2 has no/],
    ['X448', der(x448), /^found an X448 key, which/],
    ['RSASSA-PSS only', der(pss), /^found a key for RSASSA-PSS only/],
    [
      'secp256k1',
      der(k1),
      /^found an EC key on secp256k1, which IKEv2 has no signature method for/,
    ],
    ['RSA of 768 bits', der(weak), /^found an RSA key of 768 bits, expected 1024 to 16384/],
    ['trailing octets', Uint8Array.of(...der(rsa.privateKey), 0), /neither PEM nor one DER/],
    ['a cut key', der(rsa.privateKey).subarray(0, -1), /neither PEM nor one DER/],
    [
      'an even exponent',
      patched(der(e2, 'pkcs1'), '0203010001', '0203010000'),
      /^found an RSA key/,
    ],
    [
      'a number of zero',
      derElement(
        0x30,
        octetsOf('020101'),
        derElement(4, new Uint8Array(32)),
        derElement(0xa0, octetsOf('06082a8648ce3d030107')),
      ),
      /out of the range of prime256v1/,
    ],
    [
      'the order as number',
      derElement(
        0x30,
        octetsOf('020101'),
        derElement(4, octetsOf('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')),
        derElement(0xa0, octetsOf('06082a8648ce3d030107')),
      ),
      /out of the range of prime256v1/,
    ],
    [
      'SEC1 without a curve',
      derElement(0x30, octetsOf('020101'), derElement(4, Uint8Array.of(7))),
      /does not name its curve/,
    ],
    [
      'Ed25519 of 31 octets',
      patched(der(ed.privateKey), '04220420', '0422041f'),
      /wrong form or size/,
    ],
    [
      'PKCS#8 of version 2',
      patched(der(ed.privateKey), '302e020100', '302e020102'),
      /version 2, expected 0 or 1/,
    ],
  ])('%s', async (_, data, reason) => {
    expect(await load(data)).toMatch(reason);
  });

  test('a private key with the public key of another', async () => {
    const point = (key: KeyObject): string =>
      Buffer.from(decodeSpki(spkiOf(key))?.keyBits ?? []).toString('hex');
    const other = keyPair('p256').publicKey;
    const mixed = patched(der(ec.privateKey), point(ec.publicKey), point(other));
    expect(await load(mixed)).toBe(
      'found a private key that does not fit the public key that is in it',
    );
    expect(
      await load(patched(der(ec.privateKey, 'sec1'), point(ec.publicKey), point(other))),
    ).toMatch(/does not fit/);
  });

  test('an RSA key with numbers of another', async () => {
    const jwk = rsa.privateKey.export({ format: 'jwk' });
    const other = keyPair('rsa2048').privateKey.export({ format: 'jwk' });
    const hexOf = (text: string | undefined): string =>
      Buffer.from(text ?? '', 'base64url').toString('hex');
    const swap = (field: 'n' | 'p' | 'q' | 'd'): Promise<string> =>
      load(patched(der(rsa.privateKey, 'pkcs1'), hexOf(jwk[field]), hexOf(other[field])));
    expect(await swap('n')).toMatch(/primes are not those of its modulus/);
    expect(await swap('p')).toMatch(/primes are not those of its modulus/);
    expect(await swap('q')).toMatch(/primes are not those of its modulus/);
  });

  test('a key of another kind than was asked for', async () => {
    expect(await load(der(rsa.privateKey), { kind: 'ecdsa' })).toBe(
      'found a key of kind rsa, expected ecdsa',
    );
    expect(await load(der(rsa.privateKey), { kind: 'rsa' })).toBe(idOf(rsa.publicKey));
  });
});
