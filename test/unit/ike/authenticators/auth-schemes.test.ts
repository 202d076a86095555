import { describe, expect, test } from 'vitest';
import { parsePublicKeyAuth } from '../../../../daemon/config/auth-text.ts';
import type { KeyType, SignatureScheme } from '../../../../daemon/contracts/signatures.ts';
import {
  classicSchemes,
  mayUse,
  nameOfAuthScheme,
  ownSchemes,
} from '../../../../daemon/ike/authenticators/auth-schemes.ts';

const auth = (text: string) => {
  const parsed = parsePublicKeyAuth(text);
  if ('reason' in parsed) throw new TypeError(parsed.reason);
  return parsed;
};
const rsa = (bits: number): KeyType => ({ kind: 'rsa', bits });
const p256: KeyType = { kind: 'ecdsa', curve: 'p256', bits: 256 };
const p384: KeyType = { kind: 'ecdsa', curve: 'p384', bits: 384 };
const p521: KeyType = { kind: 'ecdsa', curve: 'p521', bits: 521 };
const brainpool: KeyType = { kind: 'ecdsa', curve: 'brainpoolP384r1', bits: 384 };
const ed25519: KeyType = { kind: 'ed25519', bits: 256 };
const ALL = new Set([2, 3, 4, 5]);

function names(
  key: KeyType,
  text = 'pubkey',
  peerHashes: ReadonlySet<number> | undefined = ALL,
  rsaPss = false,
): readonly string[] {
  return ownSchemes(key, auth(text), { peerHashes, rsaPss }).map(nameOfAuthScheme);
}

describe('how we sign', () => {
  test.each([
    [rsa(2048), 'RSA_EMSA_PKCS1_SHA2_256'],
    [rsa(3072), 'RSA_EMSA_PKCS1_SHA2_256'],
    [rsa(4096), 'RSA_EMSA_PKCS1_SHA2_384'],
    [rsa(16384), 'RSA_EMSA_PKCS1_SHA2_512'],
    [p256, 'ECDSA_WITH_SHA256_DER'],
    [p384, 'ECDSA_WITH_SHA384_DER'],
    [p521, 'ECDSA_WITH_SHA512_DER'],
    [brainpool, 'ECDSA_WITH_SHA384_DER'],
    [ed25519, 'ED25519'],
  ] as const)('%j: the hash that matches the key comes first', (key, first) => {
    expect(names(key)[0]).toBe(first);
  });

  test('only hashes that the peer announced, and none of them is SHA-1 unless it is named', () => {
    expect(names(rsa(2048), 'pubkey', new Set([4]))).toEqual(['RSA_EMSA_PKCS1_SHA2_512']);
    expect(names(rsa(2048), 'pubkey', new Set([1]))).toEqual([]);
    expect(names(rsa(2048), 'rsa-sha1', new Set([1]))).toEqual(['RSA_EMSA_PKCS1_SHA1']);
    expect(names(ed25519, 'pubkey', new Set([2, 3, 4]))).toEqual([]);
  });

  test('PSS first with rsa_pss, alone where it is named', () => {
    expect(names(rsa(2048), 'pubkey', new Set([2]), true)).toEqual([
      'RSA_EMSA_PSS_SHA2_256_SALT_32',
      'RSA_EMSA_PKCS1_SHA2_256',
    ]);
    expect(names(rsa(2048), 'rsa/pss-sha384')).toEqual(['RSA_EMSA_PSS_SHA2_384_SALT_48']);
  });

  test('as the text says, in its order, and not with keys of another kind', () => {
    expect(names(p256, 'ike:ecdsa-sha512-sha256')).toEqual([
      'ECDSA_WITH_SHA512_DER',
      'ECDSA_WITH_SHA256_DER',
    ]);
    expect(names(p256, 'rsa')).toEqual([]);
    expect(names(ed25519, 'pubkey-sha256')).toEqual([]);
    expect(names(ed25519, 'ike:pubkey-identity')).toEqual(['ED25519']);
  });

  test('peers without RFC 7427 get the methods of the RFCs before it', () => {
    const old = (key: KeyType, text = 'pubkey') =>
      ownSchemes(key, auth(text), { peerHashes: undefined, rsaPss: false });
    expect(old(rsa(2048))[0]).toEqual({
      method: 1,
      scheme: { kind: 'rsa-pkcs1', hash: 'sha256' },
    });
    expect(old(p256)).toEqual([
      { method: 9, scheme: { kind: 'ecdsa', hash: 'sha256', encoding: 'raw' } },
    ]);
    expect(old(p384).map(({ method }) => method)).toEqual([10]);
    expect(old(p521).map(({ method }) => method)).toEqual([11]);
    expect(old(brainpool)).toEqual([]);
    expect(old(ed25519)).toEqual([]);
    expect(old(rsa(2048), 'rsa/pss-sha256')).toEqual([]);
  });
});

describe('how peers may sign', () => {
  const options = { constrained: true, rsaPss: false };
  const may = (text: string, scheme: SignatureScheme, terms = options) =>
    mayUse(scheme, auth(text), terms);
  const pss = (saltOctets: number): SignatureScheme => ({
    kind: 'rsa-pss',
    hash: 'sha256',
    saltOctets,
  });
  const pkcs1 = (hash: 'sha1' | 'sha256'): SignatureScheme => ({ kind: 'rsa-pkcs1', hash });

  test('with anything but SHA-1, unless the text says more', () => {
    expect(may('pubkey', pkcs1('sha256'))).toBe(true);
    expect(may('pubkey', pss(32))).toBe(true);
    expect(may('pubkey', { kind: 'ed448' })).toBe(true);
    expect(may('pubkey', pkcs1('sha1'))).toBe(false);
    expect(may('rsa-sha1', pkcs1('sha1'))).toBe(true);
    expect(may('ecdsa-sha1', pkcs1('sha1'))).toBe(false);
    expect(may('rsa', pkcs1('sha1'))).toBe(false);
  });

  test('SEC-31: PSS with a salt of another length never', () => {
    for (const salt of [0, 20, 31, 33, 222]) expect(may('pubkey', pss(salt))).toBe(false);
  });

  test('PSS where rsa means PKCS#1 only with rsa_pss', () => {
    expect(may('rsa-sha256', pss(32))).toBe(false);
    expect(may('rsa-sha256', pss(32), { ...options, rsaPss: true })).toBe(true);
    expect(may('rsa/pss-sha256', pkcs1('sha256'))).toBe(false);
  });

  test('constraints of chains count only if they are to, those after ike: always', () => {
    const lax = { ...options, constrained: false };
    expect(may('ecdsa-256-sha384', pkcs1('sha256'))).toBe(false);
    expect(may('ecdsa-256-sha384', pkcs1('sha256'), lax)).toBe(true);
    expect(may('ike:ecdsa-sha384', pkcs1('sha256'), lax)).toBe(false);
    expect(may('rsa-ike:ecdsa', pkcs1('sha256'), lax)).toBe(false);
  });

  test('methods before RFC 7427 go with their keys only', () => {
    expect(classicSchemes(1, rsa(2048)).map((scheme) => 'hash' in scheme && scheme.hash)).toEqual([
      'sha256',
      'sha1',
      'sha384',
      'sha512',
    ]);
    expect(classicSchemes(9, p256)).toEqual([{ kind: 'ecdsa', hash: 'sha256', encoding: 'raw' }]);
    for (const [method, key] of [
      [1, p256],
      [9, p384],
      [10, p256],
      [11, brainpool],
      [9, rsa(2048)],
      [14, p256],
      [2, rsa(2048)],
    ] as const) {
      expect(classicSchemes(method, key)).toEqual([]);
    }
  });
});
