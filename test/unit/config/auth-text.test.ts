import { describe, expect, test } from 'vitest';
import { parsePublicKeyAuth } from '../../../daemon/config/auth-text.ts';

describe('what an auth text for public keys asks for', () => {
  test.each([
    ['pubkey', { keys: [], hashes: [], schemes: [], explicit: false }],
    [
      'rsa',
      { keys: [{ kind: 'rsa', bits: 0 }], hashes: [], schemes: [{ name: 'rsa' }], explicit: false },
    ],
    [
      'ecdsa-384',
      {
        keys: [{ kind: 'ecdsa', bits: 384 }],
        hashes: [],
        schemes: [{ name: 'ecdsa' }],
        explicit: false,
      },
    ],
    [
      'pubkey-sha256-sha512',
      {
        keys: [],
        hashes: ['sha256', 'sha512'],
        schemes: [
          { name: 'rsa', hash: 'sha256' },
          { name: 'ecdsa', hash: 'sha256' },
          { name: 'rsa', hash: 'sha512' },
          { name: 'ecdsa', hash: 'sha512' },
        ],
        explicit: false,
      },
    ],
    [
      'rsa-2048-sha256-ecdsa-256-sha256-sha384',
      {
        keys: [
          { kind: 'rsa', bits: 2048 },
          { kind: 'ecdsa', bits: 256 },
        ],
        hashes: ['sha256', 'sha384'],
        schemes: [
          { name: 'rsa', hash: 'sha256' },
          { name: 'ecdsa', hash: 'sha256' },
          { name: 'ecdsa', hash: 'sha384' },
        ],
        explicit: false,
      },
    ],
    [
      'rsa/pss-sha256',
      {
        keys: [{ kind: 'rsa', bits: 0 }],
        hashes: ['sha256'],
        schemes: [{ name: 'rsa/pss', hash: 'sha256' }],
        explicit: false,
      },
    ],
    [
      'ike:ed25519-ed448',
      { keys: [], hashes: [], schemes: [{ name: 'ed25519' }, { name: 'ed448' }], explicit: true },
    ],
    [
      'ike:pubkey-identity-sha384',
      {
        keys: [],
        hashes: [],
        schemes: [
          { name: 'ed25519' },
          { name: 'ed448' },
          { name: 'rsa', hash: 'sha384' },
          { name: 'ecdsa', hash: 'sha384' },
        ],
        explicit: true,
      },
    ],
    [
      'rsa-3072-ike:rsa/pss-sha256',
      {
        keys: [{ kind: 'rsa', bits: 3072 }],
        hashes: [],
        schemes: [{ name: 'rsa/pss', hash: 'sha256' }],
        explicit: true,
      },
    ],
  ])('%s', (text, expected) => {
    expect(parsePublicKeyAuth(text)).toEqual(expected);
  });

  test.each([
    ['pubkey-md5', "'md5' is none of: a key type (pubkey, rsa,"],
    ['rsa-sha265', "did you mean 'sha256'?"],
    ['pubkey-2048', 'write rsa or ecdsa before the bits of a key'],
    ['ike:', "'' is none of: pubkey, rsa,"],
    ['ike:sha256', "'sha256' is none of: pubkey, rsa,"],
    ['rsa--sha256', "'' is none of"],
    ['rsa-identity', "'identity' stands after pubkey only"],
    ['ike:ed25519-sha512', "takes no hash, 'sha512' is too much"],
    ['rsa-constructor', "'constructor' is none of"],
    [`rsa-${'sha256-'.repeat(9)}`, 'more than 63 characters'],
  ])('%s is refused with what is allowed', (text, reason) => {
    expect(parsePublicKeyAuth(text)).toEqual({ reason: expect.stringContaining(reason) });
  });
});
