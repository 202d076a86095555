import { describe, expect, test } from 'vitest';
import { IntegrityId, PrfId } from '../../../daemon/proto/iana/transforms.ts';
import { utf8 } from '../../../daemon/util/bytes.ts';
import { loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { hex, octetsOf } from '../../support/hex.ts';

const repeated = (octet: number, count: number): Uint8Array => new Uint8Array(count).fill(octet);

const BIG_KEY_TEXT = utf8('Test Using Larger Than Block-Size Key - Hash Key First');

/** RFC 2202 section 3 (SHA-1) and RFC 4231 section 4 (SHA-2): cases with keys shorter and longer than a block. */
const CASES = [
  {
    name: 'RFC 2202 case 1',
    prf: PrfId.PRF_HMAC_SHA1,
    key: repeated(0x0b, 20),
    text: utf8('Hi There'),
    mac: 'b617318655057264e28bc0b6fb378c8ef146be00',
  },
  {
    name: 'RFC 2202 case 2',
    prf: PrfId.PRF_HMAC_SHA1,
    key: utf8('Jefe'),
    text: utf8('what do ya want for nothing?'),
    mac: 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79',
  },
  {
    name: 'RFC 2202 case 6',
    prf: PrfId.PRF_HMAC_SHA1,
    key: repeated(0xaa, 80),
    text: BIG_KEY_TEXT,
    mac: 'aa4ae5e15272d00e95705637ce8a3b55ed402112',
  },
  {
    name: 'RFC 4231 case 1',
    prf: PrfId.PRF_HMAC_SHA2_256,
    key: repeated(0x0b, 20),
    text: utf8('Hi There'),
    mac: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  },
  {
    name: 'RFC 4231 case 2',
    prf: PrfId.PRF_HMAC_SHA2_256,
    key: utf8('Jefe'),
    text: utf8('what do ya want for nothing?'),
    mac: '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  },
  {
    name: 'RFC 4231 case 2',
    prf: PrfId.PRF_HMAC_SHA2_384,
    key: utf8('Jefe'),
    text: utf8('what do ya want for nothing?'),
    mac: 'af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649',
  },
  {
    name: 'RFC 4231 case 2',
    prf: PrfId.PRF_HMAC_SHA2_512,
    key: utf8('Jefe'),
    text: utf8('what do ya want for nothing?'),
    mac: '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
  },
  {
    name: 'RFC 4231 case 6',
    prf: PrfId.PRF_HMAC_SHA2_256,
    key: repeated(0xaa, 131),
    text: BIG_KEY_TEXT,
    mac: '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  },
];

/** RFC 4868 section 2.7.2: authenticator test case AUTH256-4 and its like, by the definition of truncation. */
const TRUNCATED = [
  { mac: IntegrityId.HMAC_SHA1_96, prf: PrfId.PRF_HMAC_SHA1, octets: 12 },
  { mac: IntegrityId.HMAC_SHA2_256_128, prf: PrfId.PRF_HMAC_SHA2_256, octets: 16 },
  { mac: IntegrityId.HMAC_SHA2_384_192, prf: PrfId.PRF_HMAC_SHA2_384, octets: 24 },
  { mac: IntegrityId.HMAC_SHA2_512_256, prf: PrfId.PRF_HMAC_SHA2_512, octets: 32 },
];

describe.each([libcryptoProvider(loadLibcrypto()), nodeCryptoProvider(), nobleCryptoProvider()])(
  'HMAC of $name',
  (provider) => {
    test.each(CASES)('$name, PRF $prf', ({ prf, key, text, mac }) => {
      const algorithm = provider.prfs.find(({ id }) => id === prf);
      expect(hex(algorithm?.compute(key, text) ?? octetsOf(''))).toBe(mac);
    });

    test.each(TRUNCATED)('integrity $mac is the start of PRF $prf', ({ mac, prf, octets }) => {
      const full = provider.prfs.find(({ id }) => id === prf);
      const algorithm = provider.macs.find(({ id }) => id === mac);
      if (full === undefined || algorithm === undefined) throw new Error('missing');
      const key = repeated(0x0b, algorithm.keyOctets);
      using context = algorithm.create(key);
      const text = utf8('Hi There');
      expect(context.sign(text)).toEqual(full.compute(key, text).subarray(0, octets));
    });
  },
);
