import { describe, expect, test } from 'vitest';
import type { CryptoProvider } from '../../../daemon/contracts/plugin.ts';
import { EncryptionId, IntegrityId, PrfId } from '../../../daemon/proto/iana/transforms.ts';
import { concatBytes, equalBytes } from '../../../daemon/util/bytes.ts';
import { loadLibcrypto } from '../../../native/libcrypto.ts';
import { libcryptoProvider } from '../../../plugins/crypto-libcrypto/provider.ts';
import { nobleCryptoProvider } from '../../../plugins/crypto-noble/provider.ts';
import { nodeCryptoProvider } from '../../../plugins/crypto-node/provider.ts';
import { hasSharedData } from '../../support/shared-data.ts';
import {
  count,
  emptyTally,
  type WycheproofCase,
  type WycheproofTally,
  wycheproofCases,
} from '../../support/wycheproof.ts';

const PROVIDERS = [libcryptoProvider(loadLibcrypto()), nodeCryptoProvider(), nobleCryptoProvider()];

describe.skipIf(!hasSharedData('wycheproof')).each(PROVIDERS)(
  'Wycheproof through $name',
  (provider) => {
    test('AES-GCM', () => {
      expect(runAead(provider, EncryptionId.AES_GCM_16, 'aes_gcm_test.json')).toEqual({
        passed: 197,
        outside: { 'IV is not 96 bits': 119 },
        acceptable: {},
        failed: [],
      });
    });

    // The shorter ICVs are the start of the long one, so the valid cases serve them too.
    test.each([
      [EncryptionId.AES_GCM_12, 12],
      [EncryptionId.AES_GCM_8, 8],
    ])('AES-GCM cut to the ICV of transform %i', (id, icvOctets) => {
      const tally = runAead(provider, id, 'aes_gcm_test.json', icvOctets);
      expect(tally.failed).toEqual([]);
      expect(tally.passed).toBeGreaterThan(100);
    });

    test('ChaCha20-Poly1305', () => {
      const file = 'chacha20_poly1305_test.json';
      expect(runAead(provider, EncryptionId.CHACHA20_POLY1305, file)).toEqual({
        passed: 316,
        outside: { 'IV is not 96 bits': 9 },
        acceptable: {},
        failed: [],
      });
    });

    test('AES-CBC', () => {
      expect(runCbc(provider)).toEqual({
        passed: 72 + 141,
        outside: { 'ciphertext without any block': 3 },
        acceptable: {},
        failed: [],
      });
    });

    test.each([
      ['hmac_sha1_test.json', PrfId.PRF_HMAC_SHA1, IntegrityId.HMAC_SHA1_96, 170],
      ['hmac_sha256_test.json', PrfId.PRF_HMAC_SHA2_256, IntegrityId.HMAC_SHA2_256_128, 174],
      ['hmac_sha384_test.json', PrfId.PRF_HMAC_SHA2_384, IntegrityId.HMAC_SHA2_384_192, 174],
      ['hmac_sha512_test.json', PrfId.PRF_HMAC_SHA2_512, IntegrityId.HMAC_SHA2_512_256, 174],
    ])('%s', (file, prfId, macId, cases) => {
      const { prf, mac } = runHmac(provider, file, prfId, macId);
      expect(prf).toEqual({ passed: cases, outside: {}, acceptable: {}, failed: [] });
      expect(mac.failed).toEqual([]);
      expect(mac.passed + Object.values(mac.outside).reduce((a, b) => a + b, 0)).toBe(cases);
      expect(mac.passed).toBeGreaterThan(20);
    });
  },
);

function runAead(
  provider: CryptoProvider,
  id: number,
  file: string,
  icvOctets = 16,
): WycheproofTally {
  const tally = emptyTally();
  for (const item of wycheproofCases(file)) {
    const keyBits = item.octets('key').length * 8;
    const aead = provider.aeads.find((one) => one.id === id && one.keyBits === keyBits);
    if (item.octets('iv').length !== 12) {
      count(tally.outside, 'IV is not 96 bits');
      continue;
    }
    if (aead === undefined || item.octets('tag').length !== 16) {
      count(tally.outside, 'key or tag length');
      continue;
    }
    // What was changed in the tag may lie behind the part that is left of it.
    if (icvOctets < 16 && item.result === 'invalid') {
      count(tally.outside, 'changed tag, cut');
      continue;
    }
    using context = aead.create(item.octets('key'));
    const [nonce, aad, text] = [item.octets('iv'), item.octets('aad'), item.octets('msg')];
    const sealed = concatBytes(item.octets('ct'), item.octets('tag').subarray(0, icvOctets));
    const opened = context.open(nonce, aad, sealed);
    const good =
      item.result === 'valid'
        ? opened !== undefined &&
          equalBytes(opened, text) &&
          equalBytes(context.seal(nonce, aad, text), sealed)
        : opened === undefined;
    conclude(tally, item, good);
  }
  return tally;
}

/** The file pads by PKCS #5, which IKE does not: padding is added or looked at here, the cipher is the wrapper's. */
function runCbc(provider: CryptoProvider): WycheproofTally {
  const tally = emptyTally();
  for (const item of wycheproofCases('aes_cbc_pkcs5_test.json')) {
    const keyBits = item.octets('key').length * 8;
    const cipher = provider.ciphers.find((one) => one.keyBits === keyBits);
    if (cipher === undefined) throw new Error(`no cipher of ${keyBits} bits`);
    using context = cipher.create(item.octets('key'));
    const [iv, ciphertext, text] = [item.octets('iv'), item.octets('ct'), item.octets('msg')];
    if (ciphertext.length === 0) {
      count(tally.outside, 'ciphertext without any block');
      continue;
    }
    const fill = 16 - (text.length % 16);
    const padded = concatBytes(text, new Uint8Array(fill).fill(fill));
    const same =
      equalBytes(context.decrypt(iv, ciphertext), padded) &&
      equalBytes(context.encrypt(iv, padded), ciphertext);
    conclude(tally, item, same === (item.result === 'valid'));
  }
  return tally;
}

function runHmac(
  provider: CryptoProvider,
  file: string,
  prfId: number,
  macId: number,
): { readonly prf: WycheproofTally; readonly mac: WycheproofTally } {
  const prf = provider.prfs.find(({ id }) => id === prfId);
  const mac = provider.macs.find(({ id }) => id === macId);
  if (prf === undefined || mac === undefined) throw new Error('missing algorithm');
  const tallies = { prf: emptyTally(), mac: emptyTally() };
  for (const item of wycheproofCases(file)) {
    const [key, message, tag] = [item.octets('key'), item.octets('msg'), item.octets('tag')];
    const whole = prf.compute(key, message).subarray(0, tag.length);
    conclude(tallies.prf, item, equalBytes(whole, tag) === (item.result === 'valid'));
    if (key.length !== mac.keyOctets) {
      count(tallies.mac.outside, 'key length');
      continue;
    }
    if (tag.length < mac.icvOctets || item.result === 'invalid') {
      count(tallies.mac.outside, 'changed or shorter tag');
      continue;
    }
    using context = mac.create(key);
    conclude(tallies.mac, item, equalBytes(context.sign(message), tag.subarray(0, mac.icvOctets)));
  }
  return tallies;
}

function conclude(tally: WycheproofTally, item: WycheproofCase, good: boolean): void {
  if (item.result === 'acceptable') throw new Error(`case ${item.id}: acceptable needs a reason`);
  if (good) tally.passed++;
  else tally.failed.push(item.id);
}
