import { describe, expect, test } from 'vitest';
import type { KeyType, PublicKey } from '../../../../daemon/contracts/signatures.ts';
import {
  fitsScheme,
  NO_WEAK_ALGORITHMS,
  weakKey,
  weakSignature,
} from '../../../../daemon/credentials/path/strength.ts';

const free = { keys: [], hashes: [] };

function key(type: KeyType, exponent?: bigint): PublicKey {
  return { type, spki: new Uint8Array(), keyId: '', ...(exponent && { exponent }) };
}

const rsa = (bits: number, exponent: bigint = 65_537n): PublicKey =>
  key({ kind: 'rsa', bits }, exponent);
const p256 = key({ kind: 'ecdsa', curve: 'p256', bits: 256 });
const ed25519 = key({ kind: 'ed25519', bits: 256 });

describe('strength of keys', () => {
  test('RSA below 1024 bits, or with a small exponent, is refused', () => {
    expect(weakKey(rsa(1024), free, NO_WEAK_ALGORITHMS)).toBeUndefined();
    expect(weakKey(rsa(1023), free, NO_WEAK_ALGORITHMS)).toContain('has 1023 bits');
    expect(weakKey(rsa(2048, 3n), free, NO_WEAK_ALGORITHMS)).toContain('has the exponent 3');
    expect(
      weakKey(rsa(2048, 3n), free, { ...NO_WEAK_ALGORITHMS, minExponent: 3n }),
    ).toBeUndefined();
  });

  test('a connection names the kinds it takes and the bits they have at least', () => {
    const keys = [
      { kind: 'rsa', bits: 2048 },
      { kind: 'ecdsa', bits: 256 },
    ] as const;
    const weak = (one: PublicKey): string | undefined =>
      weakKey(one, { keys, hashes: [] }, NO_WEAK_ALGORITHMS);
    expect(weak(rsa(2048))).toBeUndefined();
    expect(weak(p256)).toBeUndefined();
    expect(weak(rsa(2047))).toBe(
      'its key is rsa-2047, but at least rsa-2048 or ecdsa-256 is required',
    );
    expect(weak(ed25519)).toBeUndefined();
  });

  // As charon does: measured with `ecdsa-256`, `rsa-2048`, `ecdsa` and `rsa` and CAs of each kind.
  test('a kind that is not named is refused if bits are asked for', () => {
    const weak = (bits: number, one: PublicKey): string | undefined =>
      weakKey(one, { keys: [{ kind: 'ecdsa', bits }], hashes: [] }, NO_WEAK_ALGORITHMS);
    expect(weak(256, rsa(4096))).toBe('its key is rsa-4096, but ecdsa-256 is required');
    expect(weak(0, rsa(1024))).toBeUndefined();
    expect(weak(256, ed25519)).toBeUndefined();
  });
});

describe('strength of signatures', () => {
  test('SHA-1 is refused unless it is allowed', () => {
    const scheme = { kind: 'rsa-pkcs1', hash: 'sha1' } as const;
    expect(weakSignature(scheme, free, NO_WEAK_ALGORITHMS)).toContain('SHA-1');
    expect(weakSignature(scheme, free, { ...NO_WEAK_ALGORITHMS, sha1: true })).toBeUndefined();
  });

  test('a connection names the hashes it takes, where a scheme has a choice', () => {
    const only = { keys: [], hashes: ['sha384', 'sha512'] } as const;
    const weak = (hash: 'sha256' | 'sha384'): string | undefined =>
      weakSignature({ kind: 'ecdsa', hash, encoding: 'der' }, only, NO_WEAK_ALGORITHMS);
    expect(weak('sha384')).toBeUndefined();
    expect(weak('sha256')).toBe('it is signed with sha256, but sha384 or sha512 is required');
    expect(weakSignature({ kind: 'ed25519' }, only, NO_WEAK_ALGORITHMS)).toBeUndefined();
  });

  test('keys make signatures of their own kind only', () => {
    expect(fitsScheme(rsa(2048), { kind: 'rsa-pss', hash: 'sha256', saltOctets: 32 })).toBe(true);
    expect(fitsScheme(p256, { kind: 'rsa-pkcs1', hash: 'sha256' })).toBe(false);
    expect(fitsScheme(ed25519, { kind: 'ed448' })).toBe(false);
  });
});
