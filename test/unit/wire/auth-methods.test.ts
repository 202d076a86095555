import { describe, expect, test } from 'vitest';
import { decodeAuthMethods, encodeAuthMethods } from '../../../daemon/wire/auth-methods.ts';

const bytes = (...octets: readonly number[]): Uint8Array => Uint8Array.from(octets);

describe('SUPPORTED_AUTH_METHODS, RFC 9593 section 3.2', () => {
  const ed25519 = bytes(0x30, 5, 6, 3, 0x2b, 0x65, 0x70);

  test('two octets without public keys, three with one algorithm, more for digital signatures', () => {
    const encoded = encodeAuthMethods([
      { method: 2, authority: 0 },
      { method: 13, authority: 0 },
      { method: 9, authority: 3 },
      { method: 14, authority: 0, algorithm: ed25519 },
    ]);
    expect(encoded).toEqual(bytes(2, 2, 2, 13, 3, 9, 3, 10, 14, 0, ...ed25519));
    expect(decodeAuthMethods(encoded)).toEqual([
      { method: 2, authority: 0 },
      { method: 13, authority: 0 },
      { method: 9, authority: 3 },
      { method: 14, authority: 0, algorithm: ed25519 },
    ]);
  });

  test.each([
    ['a length of 0', bytes(0, 2)],
    ['a length of 1', bytes(1)],
    ['a length beyond the end', bytes(2, 2, 9, 14, 0)],
    ['half an announcement at the end', bytes(2, 2, 3, 9)],
    ['more than anybody needs', new Uint8Array(130).fill(2)],
  ])('SEC-12: %s says nothing', (_name, data) => {
    expect(decodeAuthMethods(data)).toBeUndefined();
  });

  test('unknown methods are read, whatever they are', () => {
    expect(decodeAuthMethods(bytes(3, 200, 1, 2, 255))).toEqual([
      { method: 200, authority: 1 },
      { method: 255, authority: 0 },
    ]);
    expect(decodeAuthMethods(bytes())).toEqual([]);
  });

  test('an identifier of the longest length survives', () => {
    const algorithm = new Uint8Array(252).fill(7);
    const methods = [{ method: 14, authority: 255, algorithm }];
    expect(decodeAuthMethods(encodeAuthMethods(methods))).toEqual(methods);
  });
});
