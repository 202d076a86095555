import type { HashName } from '../contracts/crypto.ts';
import { EncryptionId, IntegrityId, PrfId } from '../proto/iana/transforms.ts';

// Computed with another implementation than the ones tested, from these inputs: octets counting up.
const counting = (from: number, length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);

/** Key octets 00 01 02 … of a length. */
export const testKey = (octets: number): Uint8Array => counting(0, octets);
/** Nonce a0 a1 … ab of an AEAD. */
export const TEST_NONCE: Uint8Array = counting(0xa0, 12);
/** Associated data, and IV of a CBC cipher. */
export const TEST_AAD: Uint8Array = counting(0, 16);
/** Plaintext, and input of MACs and PRFs. */
export const TEST_TEXT: Uint8Array = counting(0x40, 32);
/** Input of hashes: `abc`, as in FIPS 180. */
export const TEST_HASH_TEXT: Uint8Array = Uint8Array.of(0x61, 0x62, 0x63);

const GCM = {
  128: 'eac77af83acc754dc231ff4b0a5ffe2f03bf715bd7426bf87d492bc01ed0d1f780376006e3073af83de9dd9444b84d4b',
  192: '7b23fc21bd165e34b67cf58aa390ba36c4467941c967188ecad570b02aefe664c63e725d0f19c00d6a10b8960ecb299e',
  256: 'a6593e6e018e44f82a2ccd984b378e9120fd0b43c6e2143bc4577cdd23f62b5e4d8139040c378dfe02f9ff0765d0f0a6',
};

/** Ciphertext and the ICV of 16 octets, by `id/keyBits`; a shorter ICV is the start of it. */
export const AEAD_ANSWERS: ReadonlyMap<string, string> = new Map([
  ...[EncryptionId.AES_GCM_16, EncryptionId.AES_GCM_12, EncryptionId.AES_GCM_8].flatMap((id) =>
    ([128, 192, 256] as const).map((bits): [string, string] => [`${id}/${bits}`, GCM[bits]]),
  ),
  [
    `${EncryptionId.CHACHA20_POLY1305}/256`,
    '4cea3a1c09a384eae846b95fb0b7b3b4cd0f81ec173f36f4ec8181ea2d3f9d53394884786ca6bc58a8be3e3eb7a935f7',
  ],
]);

/** Ciphertext in CBC mode, by `id/keyBits`. */
export const CIPHER_ANSWERS: ReadonlyMap<string, string> = new Map([
  [
    `${EncryptionId.AES_CBC}/128`,
    'fdb7798269c55753ed9c7bc7c92f23ea33cb0c19c205f93e02bbc2c55df8d30a',
  ],
  [
    `${EncryptionId.AES_CBC}/192`,
    'a9233fa65668de7d1e9c880c03553d4b8858310f9cf6082d99a383ca79c1ec62',
  ],
  [
    `${EncryptionId.AES_CBC}/256`,
    '91ccf78209417c3eea9e9b5181e3debf87554f61a226a4eb55bd762b8db2794b',
  ],
]);

const HMAC_SHA1 = 'a3d49b08c427ba8443dbcc306ca62c680e0e8532';
const HMAC_SHA256 = 'fc92e8d72d18e727716e91c09f407eed3785c05215b7f8ec6404df192275dd9c';
const HMAC_SHA384 =
  '3ccb858b6428c4f0ed34e0f4243b660fc4850df44176e97a17aab9bab5f19a176245593b31b2aa80e0ae8f5072693fa6';
const HMAC_SHA512 =
  'dc36e899d7b955564e10316fa4b6f5d65169bd8aa1a3df0537bb95c4b5cd40b8da527af7fbb96e84b1d1edeb31559d243b36286a85035aed490c22b86a3f144e';

/** Whole MAC with a key as long as the digest, by integrity id; the ICV is the start of it. */
export const MAC_ANSWERS: ReadonlyMap<number, string> = new Map([
  [IntegrityId.HMAC_SHA1_96, HMAC_SHA1],
  [IntegrityId.HMAC_SHA2_256_128, HMAC_SHA256],
  [IntegrityId.HMAC_SHA2_384_192, HMAC_SHA384],
  [IntegrityId.HMAC_SHA2_512_256, HMAC_SHA512],
]);

/** prf(key, text), by PRF id. */
export const PRF_ANSWERS: ReadonlyMap<number, string> = new Map([
  [PrfId.PRF_HMAC_SHA1, HMAC_SHA1],
  [PrfId.PRF_HMAC_SHA2_256, HMAC_SHA256],
  [PrfId.PRF_HMAC_SHA2_384, HMAC_SHA384],
  [PrfId.PRF_HMAC_SHA2_512, HMAC_SHA512],
]);

/** Digest of `abc`, FIPS 180. */
export const HASH_ANSWERS: Readonly<Record<HashName, string>> = {
  sha1: 'a9993e364706816aba3e25717850c26c9cd0d89d',
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  sha384:
    'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7',
  sha512:
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
};
