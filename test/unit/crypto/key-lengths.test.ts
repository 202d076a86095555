import { describe, expect, test } from 'vitest';
import { parseProposals } from '../../../daemon/config/proposals-text.ts';
import { childKeyLengths, ikeKeyLengths } from '../../../daemon/crypto/key-lengths.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { EncryptionId, TransformType } from '../../../daemon/proto/iana/transforms.ts';
import type { Proposal } from '../../../daemon/proto/proposal.ts';
import { InternalError } from '../../../daemon/util/error.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';

const crypto = createCrypto([nodeCryptoProvider()]);

function parsed(kind: 'ike' | 'esp' | 'ah', text: string): Proposal {
  const [proposal] = parseProposals(kind, [text], crypto);
  if (proposal === undefined) throw new Error('no proposal');
  return proposal;
}

describe('childKeyLengths', () => {
  test.each([
    ['aes128gcm16', 20, 0],
    ['aes256gcm8', 36, 0],
    ['aes192ccm12', 27, 0],
    ['aes256gmac', 36, 0],
    ['chacha20poly1305', 36, 0],
    ['chacha20poly1305compat', 36, 0],
    ['camellia128ccm16', 19, 0],
    ['aes128-sha1', 16, 20],
    ['aes256-sha256', 32, 32],
    ['aes256-sha256_96', 32, 32],
    ['aes192ctr-sha384', 28, 48],
    ['camellia256ctr-sha512', 36, 64],
    ['camellia192-aesxcbc', 24, 16],
    ['3des-md5', 24, 16],
    ['des-sha1_160', 8, 20],
    ['null-sha256', 0, 32],
    ['null-aescmac', 0, 16],
    ['blowfish256-md5_128', 32, 16],
    ['cast128-sha1', 16, 20],
    ['aes128', 16, 0],
  ])('ESP %s', (text, encryptionOctets, integrityOctets) => {
    expect(childKeyLengths(parsed('esp', text))).toEqual({ encryptionOctets, integrityOctets });
  });

  test.each([
    ['sha256', 32],
    ['aes128gmac', 20],
    ['aes192gmac', 28],
    ['aes256gmac', 36],
    ['camelliaxcbc', 16],
  ])('AH %s', (text, integrityOctets) => {
    expect(childKeyLengths(parsed('ah', text))).toEqual({ encryptionOctets: 0, integrityOctets });
  });

  test('SEC-62: a cipher without or with an odd key length is refused, not keyed with nothing', () => {
    for (const keyLength of [undefined, 0, 127]) {
      const proposal: Proposal = {
        number: 1,
        protocol: 3,
        spi: new Uint8Array(4),
        transforms: [
          {
            type: TransformType.ENCR,
            id: EncryptionId.AES_GCM_16,
            ...(keyLength === undefined ? {} : { keyLength }),
          },
        ],
      };
      expect(() => childKeyLengths(proposal)).toThrow(InternalError);
    }
  });

  test('unknown algorithms are refused', () => {
    for (const type of [TransformType.ENCR, TransformType.INTEG])
      expect(() =>
        childKeyLengths({
          number: 1,
          protocol: 3,
          spi: new Uint8Array(4),
          transforms: [{ type, id: 4711, keyLength: 128 }],
        }),
      ).toThrow(InternalError);
  });
});

test.each([
  ['aes128-sha256-x25519', 32, 16, 32],
  ['aes256gcm16-prfsha384-ecp384', 48, 36, 0],
  ['aes256-sha512-prfsha1-modp2048', 20, 32, 64],
])('ikeKeyLengths %s', (text, prfOctets, encryptionOctets, integrityOctets) => {
  expect(ikeKeyLengths(parsed('ike', text), crypto)).toEqual({
    prfOctets,
    encryptionOctets,
    integrityOctets,
  });
});

test('ikeKeyLengths refuses a proposal without a usable PRF', () => {
  expect(() => ikeKeyLengths(parsed('esp', 'aes128gcm16'), crypto)).toThrow(InternalError);
});
