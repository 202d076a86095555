import {
  constants,
  createHash,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SignatureScheme, SignatureVerifier } from '../../../daemon/contracts/signatures.ts';
import { derElement } from '../../../daemon/proto/der.ts';
import { concatBytes, utf8 } from '../../../daemon/util/bytes.ts';
import { NobleSignatureVerifier } from '../../../plugins/crypto-noble/signatures.ts';
import { NodeSignatureVerifier } from '../../../plugins/crypto-node/signatures.ts';
import { octetsOf } from '../../support/hex.ts';
import { keyPair, spkiOf, type TestKeyKind } from '../../support/private-keys.ts';

const message = utf8('octets that were signed');
const PKCS1 = { kind: 'rsa-pkcs1', hash: 'sha256' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const small = generateKeyPairSync('rsa', { modulusLength: 3072, publicExponent: 3 });

const sha256 = (octets: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(octets).digest());
const OID = octetsOf('0609608648016503040201');
const NULL = octetsOf('0500');

/** What a signature opens to: `00 01 FF… 00` and this, filled up or not. */
function block(octets: number, info: Uint8Array, filling = octets - info.length - 3): Uint8Array {
  const tail = new Uint8Array(octets - filling - info.length - 3);
  return concatBytes(
    Uint8Array.of(0, 1),
    new Uint8Array(filling).fill(0xff),
    Uint8Array.of(0),
    info,
    tail,
  );
}

function info(digest: Uint8Array, oid = OID, parameters = NULL): Uint8Array {
  return derElement(0x30, derElement(0x30, oid, parameters), derElement(4, digest));
}

const signBlock = (key: KeyObject, em: Uint8Array): Uint8Array =>
  new Uint8Array(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, em));

/** The cube root, rounded up: what a forger of e = 3 needs no key for. */
function cubeRoot(number: bigint): bigint {
  let low = 0n;
  let high = 1n << 1100n;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (middle ** 3n < number) low = middle + 1n;
    else high = middle;
  }
  return low;
}

const digest = sha256(message);
const LAX: readonly (readonly [string, Uint8Array])[] = [
  ['a truncated digest', info(digest.subarray(0, 20))],
  ['no digest', info(new Uint8Array(0))],
  ['the digest alone', digest],
  ['missing parameters', info(digest, OID, new Uint8Array(0))],
  ['parameters that are not NULL', info(digest, OID, octetsOf('0400'))],
  ['garbage in the parameters', info(digest, OID, octetsOf('0508aaaaaaaaaaaaaaaa'))],
  ['garbage behind the OID', info(digest, octetsOf('060a6086480165030402017f'))],
  ['garbage behind the digest', concatBytes(info(digest), octetsOf('deadbeef'))],
  ['the OID of SHA-512', info(digest, octetsOf('0609608648016503040203'))],
  ['the OID of SHA-1', info(digest, octetsOf('06052b0e03021a'))],
  ['a long length', concatBytes(octetsOf('308131'), info(digest).subarray(2))],
  ['the digest of something else', info(sha256(utf8('x')))],
];

describe.each<readonly [string, () => SignatureVerifier]>([
  ['crypto-node', () => new NodeSignatureVerifier()],
  ['crypto-noble', () => new NobleSignatureVerifier()],
])('signatures by %s', (_, make) => {
  const verifier = make();

  const verifies = async (
    spki: Uint8Array,
    scheme: SignatureScheme,
    signature: Uint8Array,
    over = message,
  ): Promise<boolean> => {
    const key = verifier.publicKey(spki);
    if (key === undefined) throw new Error('no key');
    return verifier.verify(key, scheme, over, signature);
  };

  describe('SEC-30: PKCS#1 v1.5', () => {
    test('the one right block', async () => {
      for (const { privateKey, publicKey } of [rsa, small]) {
        const octets = (privateKey.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
        const signature = signBlock(privateKey, block(octets, info(digest)));
        expect(await verifies(spkiOf(publicKey), PKCS1, signature)).toBe(true);
      }
    });

    test.each(LAX)('%s', async (__, inside) => {
      const signature = signBlock(rsa.privateKey, block(256, inside));
      expect(await verifies(spkiOf(rsa.publicKey), PKCS1, signature)).toBe(false);
    });

    test.each([0, 1, 7, 8, 100])('padding of %i octets and garbage at the end', async (filling) => {
      const signature = signBlock(rsa.privateKey, block(256, info(digest), filling));
      expect(await verifies(spkiOf(rsa.publicKey), PKCS1, signature)).toBe(false);
    });

    test('other block types', async () => {
      for (const [at, octet] of [
        [0, 1],
        [1, 0],
        [1, 2],
        [2, 0xfe],
        [100, 0],
        [204, 1],
      ] as const) {
        const em = block(256, info(digest));
        em[at] = octet;
        if (at === 0) em[1] = 0; // below the modulus
        const signature = signBlock(rsa.privateKey, em);
        expect(await verifies(spkiOf(rsa.publicKey), PKCS1, signature)).toBe(false);
      }
    });

    test('a cube root forged without the key', async () => {
      const prefix = block(384, info(digest), 8).subarray(0, 3 + 8 + info(digest).length);
      const target =
        BigInt(`0x${Buffer.from(prefix).toString('hex')}`) << BigInt(8 * (384 - prefix.length));
      const forged = cubeRoot(target).toString(16).padStart(768, '0');
      // it does open to the prefix, which is what lax parsers look at
      const opened = (BigInt(`0x${forged}`) ** 3n).toString(16).padStart(768, '0');
      expect(opened.startsWith(Buffer.from(prefix).toString('hex'))).toBe(true);
      expect(await verifies(spkiOf(small.publicKey), PKCS1, octetsOf(forged))).toBe(false);
    });

    test('sizes and ranges', async () => {
      const right = signBlock(rsa.privateKey, block(256, info(digest)));
      const modulus = Buffer.from(rsa.publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');
      for (const wrong of [
        new Uint8Array(0),
        new Uint8Array(256),
        concatBytes(Uint8Array.of(0), right),
        right.subarray(1),
        concatBytes(right, Uint8Array.of(0)),
        new Uint8Array(modulus),
        new Uint8Array(256).fill(0xff),
      ])
        expect(await verifies(spkiOf(rsa.publicKey), PKCS1, wrong)).toBe(false);
    });
  });

  test('PSS has exactly the salt that is asked for', async () => {
    const signed = (saltLength: number): Uint8Array =>
      new Uint8Array(
        sign('sha256', message, {
          key: rsa.privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength,
        }),
      );
    const spki = spkiOf(rsa.publicKey);
    const pss = (saltOctets: number): SignatureScheme => ({
      kind: 'rsa-pss',
      hash: 'sha256',
      saltOctets,
    });
    expect(await verifies(spki, pss(32), signed(32))).toBe(true);
    expect(await verifies(spki, pss(0), signed(0))).toBe(true);
    for (const [asked, made] of [
      [32, 31],
      [32, 0],
      [0, 32],
      [-1, 32],
      [-2, 32],
      [-2, 222],
      [32.5, 32],
      [Number.NaN, 0],
      [1e9, 32],
    ] as const)
      expect(await verifies(spki, pss(asked), signed(made))).toBe(false);
    expect(await verifies(spki, PKCS1, signed(32))).toBe(false);
  });

  const kinds: readonly (readonly [TestKeyKind, SignatureScheme])[] = [
    ['rsa2048', PKCS1],
    ['p256', { kind: 'ecdsa', hash: 'sha256', encoding: 'raw' }],
    ['p384', { kind: 'ecdsa', hash: 'sha384', encoding: 'raw' }],
    ['brainpoolP256r1', { kind: 'ecdsa', hash: 'sha256', encoding: 'raw' }],
    ['ed25519', { kind: 'ed25519' }],
    ['ed448', { kind: 'ed448' }],
  ];

  test.each(kinds)('SEC-28, SEC-29: %s', async (kind, scheme) => {
    const { privateKey, publicKey } = keyPair(kind);
    const hash = 'hash' in scheme ? scheme.hash : null;
    const encoding = scheme.kind === 'ecdsa' ? ({ dsaEncoding: 'ieee-p1363' } as const) : {};
    const right = new Uint8Array(sign(hash, message, { key: privateKey, ...encoding }));
    const spki = spkiOf(publicKey);
    expect(await verifies(spki, scheme, right)).toBe(true);
    expect(await verifies(spki, scheme, right, utf8('something else'))).toBe(false);
    // another key of the same kind, keys of all other kinds
    expect(await verifies(spkiOf(keyPair(kind).publicKey), scheme, right)).toBe(false);
    for (const [other] of kinds) {
      if (other === kind) continue;
      const stranger = spkiOf(keyPair(other).publicKey);
      expect(await verifies(stranger, scheme, right)).toBe(false);
    }
    for (const [, other] of kinds)
      if (other.kind !== scheme.kind) expect(await verifies(spki, other, right)).toBe(false);
    for (const wrong of [
      new Uint8Array(0),
      new Uint8Array(right.length),
      new Uint8Array(right.length).fill(0xff),
      right.subarray(0, -1),
      concatBytes(right, Uint8Array.of(0)),
      concatBytes(right, right),
    ])
      expect(await verifies(spki, scheme, wrong)).toBe(false);
    for (const at of [0, right.length >> 1, right.length - 1]) {
      const flipped = right.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      expect(await verifies(spki, scheme, flipped)).toBe(false);
    }
    // a public key with one bit changed is another key, or none
    for (let at = spki.length - 16; at < spki.length; at++) {
      const flipped = spki.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 2;
      const key = verifier.publicKey(flipped);
      if (key !== undefined) expect(await verifier.verify(key, scheme, message, right)).toBe(false);
    }
  });

  test('the same octets are the same key; a value of another verifier is taken', async () => {
    const spki = spkiOf(rsa.publicKey);
    const key = verifier.publicKey(spki);
    expect(verifier.publicKey(spki.slice())).toBe(key);
    const foreign = new NodeSignatureVerifier().publicKey(spki);
    if (foreign === undefined) throw new Error('no key');
    const signature = signBlock(rsa.privateKey, block(256, info(digest)));
    expect(await verifier.verify(foreign, PKCS1, message, signature)).toBe(true);
    const broken = { ...foreign, spki: spki.subarray(1) };
    expect(await verifier.verify(broken, PKCS1, message, signature)).toBe(false);
  });

  test('what was changed after it was read does not change the key', async () => {
    const { privateKey, publicKey } = keyPair('p256');
    const spki = spkiOf(publicKey);
    const key = verifier.publicKey(spki);
    if (key === undefined) throw new Error('no key');
    spki.fill(0);
    const scheme = { kind: 'ecdsa', hash: 'sha256', encoding: 'der' } as const;
    const signature = new Uint8Array(sign('sha256', message, privateKey));
    expect(await verifier.verify(key, scheme, message, signature)).toBe(true);
  });
});
