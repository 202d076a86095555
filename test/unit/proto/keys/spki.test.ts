import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { derElement } from '../../../../daemon/proto/der.ts';
import { ecCurve, ecCurves, isOnCurve } from '../../../../daemon/proto/keys/ec-curves.ts';
import { decodeSpki } from '../../../../daemon/proto/keys/spki.ts';
import { octetsOf } from '../../../support/hex.ts';

const spkiOf = (key: KeyObject): Uint8Array =>
  new Uint8Array(key.export({ type: 'spki', format: 'der' }));

const RSA = derElement(0x30, octetsOf('06092a864886f70d010101'), octetsOf('0500'));

function rsa(modulus: Uint8Array, exponent: Uint8Array, algorithm = RSA): Uint8Array {
  const key = derElement(0x30, derElement(2, modulus), derElement(2, exponent));
  return derElement(0x30, algorithm, derElement(3, Uint8Array.of(0), key));
}

function modulus(octets: number): Uint8Array {
  const number = new Uint8Array(octets + 1).fill(0xc3);
  number[0] = 0;
  return number;
}

const F4 = Uint8Array.of(1, 0, 1);

function edwards(oid: string, point: Uint8Array): Uint8Array {
  return derElement(
    0x30,
    derElement(0x30, derElement(6, octetsOf(oid))),
    derElement(3, Uint8Array.of(0), point),
  );
}

const CURVES = {
  p256: 'prime256v1',
  p384: 'secp384r1',
  p521: 'secp521r1',
  brainpoolP256r1: 'brainpoolP256r1',
  brainpoolP384r1: 'brainpoolP384r1',
  brainpoolP512r1: 'brainpoolP512r1',
} as const;

describe('decodeSpki', () => {
  test('RSA: size, modulus, exponent', () => {
    const decoded = decodeSpki(rsa(modulus(256), F4));
    expect(decoded).toMatchObject({ kind: 'rsa', bits: 2048, exponent: 65537n });
    expect(decoded?.kind === 'rsa' && decoded.modulus).toEqual(modulus(256).subarray(1));
    expect(decodeSpki(rsa(Uint8Array.of(1, ...modulus(256).subarray(1)), F4))).toMatchObject({
      bits: 2049,
    });
  });

  test.each(ecCurves.map(({ name }) => name))('ECDSA on %s', (name) => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: CURVES[name] });
    const spki = spkiOf(publicKey);
    const decoded = decodeSpki(spki);
    expect(decoded).toMatchObject({ kind: 'ecdsa', curve: name, bits: ecCurve(name).bits });
    if (decoded?.kind !== 'ecdsa') throw new Error('no key');
    expect(isOnCurve(ecCurve(name), decoded.point)).toBe(true);
    const off = spki.slice();
    off[off.length - 1] = (off.at(-1) ?? 0) ^ 1;
    expect(decodeSpki(off)).toBeUndefined();
  });

  test.each(['ed25519', 'ed448'] as const)('%s', (kind) => {
    const { publicKey } =
      kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ed448');
    expect(decodeSpki(spkiOf(publicKey))).toMatchObject({ kind });
  });

  test('ML-DSA', () => {
    const { publicKey } = generateKeyPairSync('ml-dsa-65');
    expect(decodeSpki(spkiOf(publicKey))).toMatchObject({ kind: 'ml-dsa', level: 65 });
    expect(decodeSpki(spkiOf(publicKey).subarray(0, -1))).toBeUndefined();
  });
});

describe('SEC-31: keys that must not be used', () => {
  const even = modulus(256);
  even[256] = 0xc2;
  test.each<readonly [string, Uint8Array]>([
    ['1023 bits', rsa(Uint8Array.of(0x43, ...modulus(127).subarray(1)), F4)],
    ['16385 bits', rsa(Uint8Array.of(1, ...modulus(2048).subarray(1)), F4)],
    ['an even modulus', rsa(even, F4)],
    ['modulus 0', rsa(Uint8Array.of(0), F4)],
    ['a negative modulus', rsa(modulus(256).subarray(1), F4)],
    ['a padded modulus', rsa(Uint8Array.of(0, ...modulus(256)), F4)],
    ['exponent 0', rsa(modulus(256), Uint8Array.of(0))],
    ['exponent 1', rsa(modulus(256), Uint8Array.of(1))],
    ['an even exponent', rsa(modulus(256), Uint8Array.of(4))],
    ['exponent 2^32 + 1', rsa(modulus(256), Uint8Array.of(1, 0, 0, 0, 1))],
    ['a padded exponent', rsa(modulus(256), Uint8Array.of(0, 1, 0, 1))],
    ['an exponent of no octets', rsa(modulus(256), new Uint8Array(0))],
    ['no NULL', rsa(modulus(256), F4, derElement(0x30, octetsOf('06092a864886f70d010101')))],
    [
      'NULL with contents',
      rsa(modulus(256), F4, derElement(0x30, RSA.subarray(2, 13), octetsOf('050100'))),
    ],
    ['something behind it', Uint8Array.of(...rsa(modulus(256), F4), 0)],
    [
      'the curve secp256k1',
      spkiOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey),
    ],
    ['curve parameters spelled out', explicitP256()],
    [
      'DSA',
      spkiOf(generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).publicKey),
    ],
    ['nothing', new Uint8Array(0)],
    ['more than any key', new Uint8Array(1_000_000).fill(0x30)],
  ])('%s', (_, spki) => {
    expect(decodeSpki(spki)).toBeUndefined();
  });

  test.each([
    ['exponent 3', rsa(modulus(256), Uint8Array.of(3))],
    ['exponent 2^32 - 1', rsa(modulus(256), Uint8Array.of(0, 255, 255, 255, 255))],
    ['1024 bits', rsa(modulus(128), F4)],
    ['16384 bits', rsa(modulus(2048), F4)],
  ])('but %s is taken', (_, spki) => {
    expect(decodeSpki(spki)).toBeDefined();
  });

  test.each([
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    // not reduced
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ])('the Ed25519 point %s', (point) => {
    expect(decodeSpki(edwards('2b6570', octetsOf(point)))).toBeUndefined();
  });

  test('Ed448 points of small order', () => {
    for (const y of [0, 1]) {
      const point = new Uint8Array(57);
      point[0] = y;
      expect(decodeSpki(edwards('2b6571', point))).toBeUndefined();
    }
    const point = new Uint8Array(57);
    point[0] = 5;
    expect(decodeSpki(edwards('2b6571', point))).toBeDefined();
  });
});

function explicitP256(): Uint8Array {
  const { publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
    paramEncoding: 'explicit',
  });
  const spki = spkiOf(publicKey);
  expect(createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }).type).toBe(
    'public',
  );
  return spki;
}
