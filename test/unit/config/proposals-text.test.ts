import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { PROPOSAL_KEYWORDS, transformOfKeyword } from '../../../daemon/config/proposal-keywords.ts';
import { type ProposalKind, parseProposals } from '../../../daemon/config/proposals-text.ts';
import type { CryptoProvider } from '../../../daemon/contracts/plugin.ts';
import { createCrypto } from '../../../daemon/crypto/registry.ts';
import { KeMethod } from '../../../daemon/proto/iana/transforms.ts';
import { printProposals, printTransform } from '../../../daemon/proto/proposal-print.ts';
import { ConfigError } from '../../../daemon/util/error.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { hasSharedData, sharedData } from '../../support/shared-data.ts';

const node = nodeCryptoProvider();
const crypto = createCrypto([node]);

function print(kind: ProposalKind, ...items: string[]): string {
  return printProposals(parseProposals(kind, items, crypto));
}

function error(kind: ProposalKind, text: string): string {
  try {
    parseProposals(kind, [text], crypto);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(ConfigError);
    return (thrown as ConfigError).message;
  }
  throw new Error(`${text} was accepted`);
}

describe('parseProposals', () => {
  test.each([
    [
      'ike',
      'aes128-sha256-modp2048',
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048',
    ],
    [
      'ike',
      'aes128-sha256-prfsha512-none-modp2048',
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_512/MODP_2048',
    ],
    ['ike', 'aes256gcm16-prfsha384-ecp384', 'IKE:AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384'],
    ['ike', 'aes128gcm16-sha256-x25519', 'IKE:AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519'],
    [
      'ike',
      'x448-sha512-sha-sha1-aes-aes192-aes128',
      'IKE:AES_CBC_128/AES_CBC_192/HMAC_SHA2_512_256/HMAC_SHA1_96/PRF_HMAC_SHA2_512/PRF_HMAC_SHA1/CURVE_448',
    ],
    [
      'ike',
      'ke1_x25519-KE2_modp3072-ke2_none-aes128-sha256-ecp256',
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/ECP_256/KE1_CURVE_25519/KE2_MODP_3072/KE2_KE_NONE',
    ],
    [
      'ike',
      ' aes128 -  - sha256--modp2048 ',
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048',
    ],
    [
      'ike',
      'aes128-sha256-modp2048-noesn',
      'IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048/NO_EXT_SEQ',
    ],
    [
      'ike',
      'chacha20poly1305compat-prfsha256-x25519',
      'IKE:CHACHA20_POLY1305_256/PRF_HMAC_SHA2_256/CURVE_25519',
    ],
    ['esp', 'aes128gcm16-sha256-modp2048', 'ESP:AES_GCM_16_128/MODP_2048/NO_EXT_SEQ'],
    ['esp', 'aes128-sha256-esn-noesn', 'ESP:AES_CBC_128/HMAC_SHA2_256_128/EXT_SEQ/NO_EXT_SEQ'],
    ['esp', 'aes128', 'ESP:AES_CBC_128/NO_EXT_SEQ'],
    ['esp', 'aes128-sha256-prfsha256', 'ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ'],
    ['esp', 'aes128-sha256-prfmd5', 'ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ'],
    ['esp', 'null-sha256', 'ESP:NULL/HMAC_SHA2_256_128/NO_EXT_SEQ'],
    ['esp', '3des-md5-none', 'ESP:3DES_CBC/HMAC_MD5_96/KE_NONE/NO_EXT_SEQ'],
    ['esp', 'aes192ccm-aes256gmac-esn', 'ESP:AES_CCM_16_192/NULL_AES_GMAC_256/EXT_SEQ'],
    ['esp', 'twofish256-camelliaxcbc', 'ESP:TWOFISH_CBC_256/CAMELLIA_XCBC_96/NO_EXT_SEQ'],
    ['ah', 'aes128gmac', 'AH:AES_128_GMAC/NO_EXT_SEQ'],
    ['ah', 'aes128-sha256', 'AH:HMAC_SHA2_256_128/NO_EXT_SEQ'],
    [
      'ah',
      'sha384-aes256gmac-aes192gmac-prfsha1-ecp256-esn',
      'AH:HMAC_SHA2_384_192/AES_256_GMAC/AES_192_GMAC/ECP_256/EXT_SEQ',
    ],
  ] as const)('%s %s', (kind, text, expected) => expect(print(kind, text)).toBe(expected));

  test('proposals have number 0 and no SPI', () => {
    for (const proposal of parseProposals('esp', ['default', 'aes128'], crypto))
      expect(proposal).toMatchObject({ number: 0, protocol: 3, spi: new Uint8Array(0) });
  });

  test.each([
    ['ike', 'aes128-sha256', /key exchange method is missing/],
    ['ike', 'aes128-sha256-none', /key exchange method is missing/],
    ['ike', 'ke1_x25519-aes128-sha256', /key exchange method is missing/],
    ['ike', 'aes128gcm16-modp2048', /PRF is missing/],
    ['ike', 'aes128-modp2048-prfsha1', /integrity algorithm is missing/],
    ['ike', 'sha256-modp2048', /encryption algorithm is missing/],
    ['ike', 'AES128-sha256-modp2048', /unknown algorithm 'AES128', did you mean 'aes128'/],
    ['ike', 'aes128-sha-256-modp2048', /unknown algorithm '256'/],
    ['ike', 'aes128-sha256_96-modp2048', /PRF is missing/],
    ['ike', 'aes128-aes128gcm16-sha256-modp2048', /separate proposals/],
    ['esp', 'aes128-aes128gcm16', /separate proposals/],
    ['ike', 'aes128-sha256-modp2084', /did you mean 'modp2048'/],
    ['ike', 'aes128-sha256-ke8_x25519-x25519', /unknown algorithm 'ke8_x25519'/],
    ['ike', 'aes128-sha256-ke1_X25519-x25519', /unknown algorithm 'ke1_X25519'/],
    ['ike', 'aes128-sha256-ke1_sha256-x25519', /unknown algorithm 'ke1_sha256'/],
    ['ike', 'constructor-sha256-x25519', /unknown algorithm 'constructor', known are aes, /],
    ['ike', '__proto__', /unknown algorithm '__proto__'/],
    ['ike', '', /names no algorithm/],
    ['ike', ' - ', /names no algorithm/],
    ['ike', 'default-aes128', /unknown algorithm 'default'/],
    ['esp', 'sha256', /encryption algorithm is missing/],
    ['esp', 'null', /'null' needs an integrity algorithm/],
    ['esp', 'aes128-null', /'null' needs an integrity algorithm/],
    ['ah', 'aes128', /integrity algorithm is missing/],
    ['ah', 'aes128gcm16', /integrity algorithm is missing/],
    ['ike', `aes128-${'-'.repeat(2041)}`, /longer than 2047/],
  ] as const)('rejects %s %s', (kind, text, reason) => expect(error(kind, text)).toMatch(reason));

  test.each([
    [
      'ike',
      'camellia256-sha256-modp2048',
      /'camellia256' \(CAMELLIA_CBC_256\) is not provided .*available are aes, aes128/,
    ],
    ['ike', 'aes128-aesxcbc-modp2048', /'aesxcbc' \(AES_XCBC_96\) is not provided/],
    [
      'ike',
      'aes128-sha256-prfaescmac-modp2048',
      /'prfaescmac' \(PRF_AES128_CMAC\) is not provided.*prfsha1, prfsha256/,
    ],
    ['ike', 'aes128-sha256-modp1024', /'modp1024' \(MODP_1024\) is not provided .*modp2048/],
    ['ike', 'aes128-sha256-modpnull', /MODP_NULL/],
    ['ike', 'null-sha256-modp2048', /'null' \(NULL\) is not provided/],
    ['esp', 'aes128-sha256-ecp224bp', /'ecp224bp' \(ECP_224_BP\) is not provided/],
    ['esp', 'aes128-sha256-ke1_modp8192', /'ke1_modp8192' \(KE1_MODP_8192\) is not provided/],
    ['ah', 'sha256-gost256', /GOST3410_256/],
  ] as const)('%s %s: names the algorithm without a provider', (kind, text, reason) =>
    expect(error(kind, text)).toMatch(reason),
  );
});

describe('default proposals', () => {
  const methods =
    'ECP_256/ECP_384/ECP_521/ECP_256_BP/ECP_384_BP/ECP_512_BP/' +
    'CURVE_25519/CURVE_448/MODP_3072/MODP_4096/MODP_2048';
  const prfs = 'PRF_HMAC_SHA2_256/PRF_HMAC_SHA2_384/PRF_HMAC_SHA2_512/PRF_HMAC_SHA1';
  const macs = 'HMAC_SHA2_256_128/HMAC_SHA2_384_192/HMAC_SHA2_512_256';

  test('IKE: classic first, restricted to what has a provider', () => {
    expect(print('ike', 'default')).toBe(
      `IKE:AES_CBC_128/AES_CBC_192/AES_CBC_256/${macs}/HMAC_SHA1_96/${prfs}/${methods}, ` +
        'IKE:AES_GCM_16_128/AES_GCM_16_192/AES_GCM_16_256/CHACHA20_POLY1305/AES_GCM_8_128/' +
        `AES_GCM_8_192/AES_GCM_8_256/AES_GCM_12_128/AES_GCM_12_192/AES_GCM_12_256/${prfs}/${methods}`,
    );
  });

  test('ESP: AEAD first, with KE_NONE', () => {
    expect(print('esp', 'default')).toBe(
      `ESP:AES_GCM_16_128/AES_GCM_16_192/AES_GCM_16_256/${methods}/KE_NONE/NO_EXT_SEQ, ` +
        `ESP:AES_CBC_128/AES_CBC_192/AES_CBC_256/${macs}/HMAC_SHA1_96/AES_XCBC_96/${methods}/KE_NONE/NO_EXT_SEQ`,
    );
  });

  test('AH', () => {
    expect(print('ah', 'default')).toBe(
      `AH:${macs}/HMAC_SHA1_96/AES_XCBC_96/${methods}/KE_NONE/NO_EXT_SEQ`,
    );
  });

  test('is a word in any case among other entries', () => {
    expect(print('esp', 'null-sha256', ' DeFault ').split(', ')).toHaveLength(3);
  });

  test('a proposal of which nothing is left is left out', () => {
    const some = (change: Partial<CryptoProvider>) => createCrypto([{ ...node, ...change }]);
    expect(parseProposals('ike', ['default'], some({ aeads: [] }))).toHaveLength(1);
    expect(parseProposals('ike', ['default'], some({ ciphers: [] }))).toHaveLength(1);
    expect(parseProposals('ike', ['default'], some({ keyExchanges: [] }))).toHaveLength(0);
    expect(parseProposals('ike', ['default'], some({ prfs: [] }))).toHaveLength(0);
  });

  test('SEC-05: every proposable IKE algorithm has a provider', () => {
    for (const { transforms } of parseProposals('ike', ['default'], crypto))
      for (const { type, id, keyLength } of transforms)
        expect(
          [
            undefined,
            crypto.aead(id, keyLength) ?? crypto.cipher(id, keyLength),
            crypto.prf(id),
            crypto.mac(id),
            crypto.keyExchange(id),
          ][type],
          `${type} ${id}`,
        ).toBeDefined();
  });
});

const REFERENCE = '../reference/proposals.md';

const hasReference = hasSharedData(REFERENCE);

describe.skipIf(!hasReference)('the keyword tables of the reference', () => {
  const text = hasReference ? readFileSync(sharedData(REFERENCE), 'utf8') : '';
  const rows = [...text.matchAll(/^\| `([a-z0-9_]+)` \| (\d+) \| (.*) \|$/gm)].map((match) => ({
    keyword: match[1] ?? '',
    id: Number(match[2]),
    columns: (match[3] ?? '').split(' | '),
  }));

  test('holds exactly our keywords', () => {
    expect(rows.map(({ keyword }) => keyword).sort()).toEqual([...PROPOSAL_KEYWORDS.keys()].sort());
  });

  test.each(rows)('$keyword is $id', ({ keyword, id, columns }) => {
    const transform = transformOfKeyword(keyword);
    expect(transform?.id).toBe(id);
    const [first = '', second = ''] = columns;
    // Encryption has a column of key bits before the printed name.
    const bits = /^(\d+|none)$/.test(first) ? first : undefined;
    expect(transform?.keyLength).toBe(
      bits === undefined || bits === 'none' ? undefined : Number(bits),
    );
    const name = bits === undefined ? first : second;
    const printed = transform === undefined ? '' : printTransform(transform);
    expect(printed).toBe(transform?.keyLength === undefined ? name : `${name}_${bits}`);
  });
});

test('additional key exchanges are transform types 6 to 12', () => {
  for (let n = 1; n <= 7; n++)
    expect(transformOfKeyword(`ke${n}_x25519`)).toEqual({ type: 5 + n, id: KeMethod.CURVE_25519 });
  for (const none of ['ke0_x25519', 'ke8_x25519', 'ke1x25519', 'ke1_', 'ke1_esn'])
    expect(transformOfKeyword(none)).toBeUndefined();
});
